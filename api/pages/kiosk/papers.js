// Papers for the office: what is chosen and typed, the door that opens for them, and the receipt.

import { get, post } from "../shared/requests.js";
import { forget } from "./keyboard.js";
import { FIELDS, askForOtp, freshLeaving, isEnough, offer, pathOf, stepAfter } from "./leaving.js";
import { IDLE_MS } from "./screens.js";
import { local, now, redraw, seen, visit, whileBusy } from "./state.js";
import { leave } from "./visit.js";

const OPENING_MS = 5_000;
const RECEIPT_MS = 30_000;
const RECEIPT_TRIES = 6;
const SAID = ["no-free-compartment", "no-reachable-compartment", "board-offline", "door-did-not-open", "not-allowed", "unreachable", "invalid-request", "notices-offline", "too-many-attempts"];

const here = () => ({ language: local.language, visit: visit()?.visit ?? null, isVoice: local.isVoice });

export function beginLeaving(noted) {
  if (noted) local.noted.push(noted);
  Object.assign(local, { step: "intake-kinds", leaving: freshLeaving(), note: null, thanksUntil: 0 });
}

export function sendField() {
  forget();
  const { step, leaving } = local;
  if (local.isBusy || !isEnough(step, leaving)) return;
  local.note = null;
  if (step === "intake-bag") {
    openForPapers();
    return;
  }
  const { step: next, note } = stepAfter(step, leaving, seen.snapshot.notices_online);
  if (note) Object.assign(local, { note: { key: note }, leaving: { ...leaving, again: "" } });
  else local.step = next;
}

export const openForPapers = () =>
  whileBusy(async () => {
    const offered = await offer(local.leaving, here());
    await shownOf(offered.hand_over);
    local.step = "idle";
  }, notTaken);

// The snapshot with the opening door comes by itself; until then the keypad stays locked, but not for ever.
async function shownOf(hand) {
  const until = now() + OPENING_MS;
  while (now() < until && !visit()?.intakes.some((one) => one.hand_over === hand)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const checkPhone = () =>
  whileBusy(async () => {
    local.leaving.check = await askForOtp(local.leaving, here());
    local.step = "intake-otp";
  }, notTaken);

function notTaken({ slug, body }) {
  if (slug === "phone-refused") {
    const leaving = { ...local.leaving, again: "", otp: "" };
    const isOtp = body.reason === "otp" || body.reason === "otp_over";
    Object.assign(local, { step: isOtp ? "intake-check" : "intake-phone", leaving, note: { key: `intake.phone.${body.reason}` } });
    if (body.reason === "otp") local.step = "intake-otp";
  } else if (slug === "bag-in-use") {
    Object.assign(local, { leaving: { ...local.leaving, bag: "" }, note: { key: "intake.refused.bag-in-use" } });
  } else if (slug === "intake-full") {
    local.note = { key: `intake.refused.${body.reason}` };
  } else {
    local.note = { key: `intake.refused.${SAID.includes(slug) ? slug : "unknown"}` };
  }
}

export const atPapers = (hand, what, body) => whileBusy(() => post(`${pathOf(visit().visit, hand)}/${what}`, body), notTaken);

export async function largerDoor(hand) {
  await atPapers(hand, "larger", {});
  if (local.note === null) local.noted.push(hand);
}

export function doneWithPapers(hand) {
  const shown = visit();
  local.noted.push(hand);
  if (shown && shown.waiting === 0 && shown.doors.length === 0 && shown.intakes.every((one) => local.noted.includes(one.hand_over))) leave();
}

/** Silence counts as left: the receipt says so for a while, with nobody having looked inside. */
export async function showSilentReceipt(ended, paper) {
  for (let attempt = 0; attempt < RECEIPT_TRIES; attempt += 1) {
    try {
      const receipt = await get(`${pathOf(ended.visit, paper.hand_over)}/receipt`);
      if (visit() || local.step !== "idle") return;
      Object.assign(local, { step: "intake-silent", receipt: { ...receipt, visit: ended.visit, hand_over: paper.hand_over }, touchedAt: now() - IDLE_MS + RECEIPT_MS });
      redraw();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** A scanned slip names no dossier and no bag; anything else is what the field asks for. */
export function scanPapers(text, isSlip) {
  local.touchedAt = now();
  if (isSlip) {
    Object.assign(local, { leaving: { ...local.leaving, dossier: "", bag: "" }, note: { key: "intake.refused.invalid-request" } });
  } else {
    local.leaving[FIELDS[local.step].field] = text;
    sendField();
  }
  redraw();
}
