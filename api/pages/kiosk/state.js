// What the page knows: the latest snapshot, and what the person does here. Nothing of it is the truth about the cabinet.

import { IDLE_MS, freshEntry, mannerOf, screenOf, visitOf } from "./screens.js";

export const PREFIX = "/api/kiosk";

export const now = () => performance.now();

/** The latest snapshot and when it came; `closedAt` is when the visit's last door was seen shut, `scan` the last scan. */
export const seen = { snapshot: null, at: now(), closedAt: Infinity, scan: null };

export const local = { ...freshEntry(), touchedAt: now(), leftVisit: "", lostAt: now(), isBarred: false };

export const visit = () => visitOf(seen.snapshot, local);
export const due = () => screenOf(seen.snapshot, local, now());

let paint = () => {};

/** The page is drawn by this from now on. */
export const drawBy = (draw) => (paint = draw);

/** Draw what is due now. */
export const redraw = () => paint();

let sendTimer = 0;

/** Do this in a while, unless something else is typed. */
export const sendLater = (send, delay) => {
  clearTimeout(sendTimer);
  sendTimer = setTimeout(send, delay);
};

export const holdSending = () => clearTimeout(sendTimer);

/** Forget the person who was here. It never frees a door. */
export function startOver() {
  holdSending();
  Object.assign(local, freshEntry());
}

/** Back to the beginning for the same person: language, letters and voice stay. */
export function startOverKeeping() {
  const manner = mannerOf(local);
  startOver();
  Object.assign(local, manner);
  if (local.isVoice) local.step = "voice";
}

/** Lock the page while `what` waits for the service; `refused(problem)` says what it will not do. Once at a time. */
export async function whileBusy(what, refused) {
  if (local.isBusy) return;
  Object.assign(local, { isBusy: true, note: null });
  redraw();
  try {
    await what();
  } catch (problem) {
    refused(problem);
  }
  Object.assign(local, { isBusy: false, touchedAt: now() });
  redraw();
}

/** Whether nobody has touched the page for so long that it is free. */
export const isIdle = () => now() - local.touchedAt >= IDLE_MS;
