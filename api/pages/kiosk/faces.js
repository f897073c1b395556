// The face that a person touches at the end, and the reason where it was not a good one.

import { post } from "../shared/requests.js";
import { THANKS_MS } from "./screens.js";
import { PREFIX, local, now, redraw, seen } from "./state.js";

const REASON_MS = 25_000;

/** A face that does not arrive is not worth another screen. */
export const sendFace = (reason) =>
  post(`${PREFIX}/visits/${encodeURIComponent(seen.snapshot.rateable)}/rating`, { face: local.face, reason }).catch(() => {});

export async function rate(reason = "") {
  if (local.isBusy || !seen.snapshot.rateable) return;
  local.isBusy = true;
  redraw();
  await sendFace(reason);
  Object.assign(local, { isBusy: false, isRated: true, face: "", thanksUntil: now() + THANKS_MS / 3 });
  redraw();
}

export function chooseFace(face) {
  local.face = face;
  if (face === "good") rate();
  else local.thanksUntil = now() + REASON_MS;
}
