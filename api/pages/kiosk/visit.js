// What a person does in a visit, and how it ends.

import { post } from "../shared/requests.js";
import { sendFace } from "./faces.js";
import { THANKS_MS } from "./screens.js";
import { PREFIX, local, now, redraw, seen, startOver, visit } from "./state.js";

const NEXT_TRY_MS = 20_000;

const pathTo = (present, what) => `${PREFIX}/visits/${encodeURIComponent(present.visit)}/${what}`;

/** Ask for something of this visit; `after` once it is done. */
export async function inVisit(what, body, after = () => {}) {
  const present = visit();
  if (local.isBusy || !present) return;
  Object.assign(local, { isBusy: true, note: null });
  redraw();
  try {
    await post(pathTo(present, what), body);
    after();
  } catch (problem) {
    notDone(problem);
  }
  local.isBusy = false;
  redraw();
}

const trouble = (what) => ({ title: `sorry.${what}.title`, key: `sorry.${what}.lead`, isTrouble: true });

function notDone({ slug, retryAfter, body }) {
  if (slug === "stay-refused") {
    local.note = { key: `stay.refused.${body.reason}` };
    return;
  }
  if (slug === "door-did-not-open" || slug === "board-offline" || slug === "bus-offline") {
    const key = slug === "door-did-not-open" ? slug : "board-offline";
    local.note = trouble(key);
    local.waitUntil = now() + (retryAfter * 1000 || NEXT_TRY_MS);
  } else if (slug === "compartment-busy" || slug === "wrong-stage" || slug === "unknown-hand-over") {
    local.note = { key: slug === "compartment-busy" ? "answer.compartment-busy" : "answer.wrong-stage" };
  } else {
    local.note = { key: "answer.unsent" };
  }
}

export function answered(said) {
  local.wrongFor = "";
  if (said === "received_all") local.thanksUntil = now() + THANKS_MS;
  if (said === "door_stayed_shut") local.note = trouble("door-did-not-open");
}

export function leave() {
  const present = visit();
  if (local.face && seen.snapshot.rateable) sendFace("");
  startOver();
  if (!present) return;
  local.leftVisit = present.visit;
  // Not answered is not lost: the service ends an idle visit by itself.
  post(pathTo(present, "leave")).catch(() => {});
}
