// One way to ask the service: JSON in, JSON out, and every failure a Problem with the slug of its type.

const TIME_OUT_MS = 15_000;
const TYPES = "urn:dossier-locker:problem:";

/** `slug` is the end of the problem's `type`; "unreachable" when no answer came, "unknown" for anything unforeseen. */
export class Problem extends Error {
  constructor(slug, status, body, retryAfter) {
    super(slug);
    this.slug = slug;
    this.status = status;
    this.body = body;
    this.retryAfter = retryAfter;
  }
}

async function problemOf(answer) {
  let body = {};
  try {
    body = await answer.json();
  } catch {
    // A proxy or a dying process may answer with no JSON at all; the status says enough.
  }
  const type = typeof body.type === "string" ? body.type : "";
  const slug = type.startsWith(TYPES) ? type.slice(TYPES.length) : "unknown";
  return new Problem(slug, answer.status, body, Number(answer.headers.get("Retry-After")) || 0);
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, { ...options, cache: "no-store", signal: AbortSignal.timeout(TIME_OUT_MS) });
  } catch {
    throw new Problem("unreachable", 0, {}, 0);
  }
  if (!answer.ok) throw await problemOf(answer);
  try {
    return await answer.json();
  } catch {
    throw new Problem("unknown", answer.status, {}, 0);
  }
}

/** GET JSON. Throws Problem. */
export const get = (path) => ask(path, {});

/** POST JSON and get JSON. Throws Problem. */
export const post = (path, body = {}) =>
  ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Requested-With": "dossier-locker" },
    body: JSON.stringify(body),
  });
