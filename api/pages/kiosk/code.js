// The code and what is asked beside it: sent once it is complete, and what the service answers.

import { post } from "../shared/requests.js";
import { askForCode } from "./calling.js";
import { forget } from "./keyboard.js";
import { CODE_DIGITS, SECOND_DIGITS } from "./screens.js";
import { PREFIX, due, holdSending, local, now, redraw, seen, startOver, visit } from "./state.js";

const ACCEPTED_MS = 5_000;

/** Send what was typed, or what was scanned. */
export async function send(scanned = null) {
  holdSending();
  forget();
  if (local.slip) return sendSlip();
  const digits = scanned ?? local.typed;
  const isShort = (local.step === "second" && local.second.length < SECOND_DIGITS) || (local.step === "paper" && local.paper.length < SECOND_DIGITS);
  if (local.isStale || digits === "" || isShort) return;
  await prove("codes", { digits, second: local.second || null, paper: local.paper || null, visit: visit()?.visit ?? null });
}

// The slip alone opens nothing: the first answer asks for the ID paper, or says that nothing waits for it.
async function sendSlip() {
  if (local.step === "paper" && local.paper.length < SECOND_DIGITS) return;
  await prove("slips", { slip: local.slip, paper: local.paper || null });
}

// What is accepted is shown by the snapshot with its visit; until then the keypad stays locked.
async function prove(path, body) {
  if (local.isBusy) return;
  Object.assign(local, { isBusy: true, note: null });
  redraw();
  try {
    await post(`${PREFIX}/${path}`, body);
    setTimeout(() => acceptedWithoutVisit(), ACCEPTED_MS);
  } catch (problem) {
    Object.assign(local, { isBusy: false, touchedAt: now() });
    refused(problem);
  }
  redraw();
}

export function scanSlip(slip) {
  holdSending();
  if (due() === "phone" || !seen.snapshot.accepts_slips) {
    Object.assign(local, { step: "phone", phone: "", typed: "" });
    askForCode({ slip });
    return;
  }
  Object.assign(local, { step: "code", typed: "", slip, paper: "" });
  sendSlip();
}

// The snapshot with the visit comes by itself; should it not, the keypad must not stay locked.
function acceptedWithoutVisit() {
  if (!visit() && local.isBusy && local.step !== "idle") startOver();
  redraw();
}

function refused({ slug, body, retryAfter }) {
  if (slug === "code-malformed") {
    const isStale = local.typed.length === CODE_DIGITS;
    Object.assign(local, { step: "code", second: "", isStale, note: { hint: body.hint, key: "code.malformed" } });
  } else if (slug === "code-refused") {
    Object.assign(local, { step: "code", typed: "", second: "", note: { key: "code.refused" } });
  } else if (slug === "slip-refused") {
    Object.assign(local, { step: "code", typed: "", slip: "", paper: "", note: { key: "slip.refused" } });
  } else if (slug === "paper-check-needed") {
    Object.assign(local, { step: "paper", paper: "" });
  } else if (slug === "paper-refused") {
    Object.assign(local, { step: "paper", paper: "", note: { key: body.tries_left ? "paper.refused" : "paper.over" } });
  } else if (slug === "second-check-needed") {
    Object.assign(local, { step: "second", second: "" });
  } else if (slug === "too-many-attempts") {
    Object.assign(local, { step: "wait", waitUntil: now() + Math.max(1, retryAfter) * 1000 });
  } else if (slug === "unreachable") {
    local.note = { key: "code.unsent" };
  } else if (slug === "board-offline" || slug === "bus-offline" || slug === "door-did-not-open") {
    const sorry = slug === "door-did-not-open" ? slug : "board-offline";
    Object.assign(local, { step: "sorry", sorry, waitUntil: now() + retryAfter * 1000 });
  } else {
    Object.assign(local, { step: "sorry", sorry: "unknown", waitUntil: now() + retryAfter * 1000 });
  }
}
