// Following the service: whole snapshots over server-sent events, and coming back by itself after a restart.

import { Problem, get } from "./requests.js";

const QUIET_MS = 20_000;
const FIRST_RETRY_MS = 400;
const LAST_RETRY_MS = 2_500;

/**
 * Follow `<prefix>/stream`. `onSnapshot(snapshot)` for each, `onLost(slug)` when the line breaks and
 * again with the problem's slug once it is known, `onRefused()` when the
 * service answers that this browser is not (or no longer) let in. Gives a function that ends it.
 */
export function follow({ prefix, onSnapshot, onLost, onRefused }) {
  let source = null;
  let timer = 0;
  let failures = 0;
  let told = 0;
  let isEnded = false;

  function later(act, delay) {
    clearTimeout(timer);
    timer = setTimeout(act, delay);
  }

  function take(snapshot) {
    if (isEnded) return;
    failures = 0;
    told += 1;
    onSnapshot(snapshot);
    later(check, QUIET_MS);
  }

  // The line broke: tell the page, learn why with one question, and open the line again after a growing pause.
  async function lose() {
    source?.close();
    if (isEnded) return;
    onLost();
    failures += 1;
    const answer = await get(`${prefix}/snapshot`).catch((problem) => problem);
    if (isEnded) return;
    if (!(answer instanceof Problem)) onSnapshot(answer);
    else if (answer.status === 401 || answer.status === 403) onRefused();
    else onLost(answer.slug);
    const longest = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 6));
    later(open, FIRST_RETRY_MS + Math.random() * (longest - FIRST_RETRY_MS));
  }

  function open() {
    if (isEnded) return;
    source = new EventSource(`${prefix}/stream`);
    source.onmessage = (message) => take(JSON.parse(message.data));
    source.onerror = lose;
    later(check, QUIET_MS);
  }

  // A broken line can look like a quiet one; one question tells them apart. Once the line itself has spoken, the answer
  // tells nothing any more: it may be older than what the page shows.
  async function check() {
    const before = told;
    const answer = await get(`${prefix}/snapshot`).catch(() => null);
    if (told !== before) return;
    if (answer === null) await lose();
    else take(answer);
  }

  open();
  return () => {
    isEnded = true;
    clearTimeout(timer);
    source?.close();
  };
}
