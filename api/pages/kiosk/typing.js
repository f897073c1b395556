// Digits of the keypad, and where they go: each step has one field.

import { askStatus } from "./asking.js";
import { send } from "./code.js";
import { FIELDS } from "./leaving.js";
import { CODE_DIGITS, DOSSIER_DIGITS, PHONE_DIGITS, SECOND_DIGITS } from "./screens.js";
import { holdSending, local, sendLater } from "./state.js";

// A short breath before sending by itself: a scan that is longer than a code must not be cut off in the middle.
const AUTO_SEND_MS = 150;

const sendSoon = () => sendLater(() => send(), AUTO_SEND_MS);

/** The field of each step: how many digits it takes, and what follows the last one. */
const TYPED = {
  second: { field: "second", most: SECOND_DIGITS, full: sendSoon },
  paper: { field: "paper", most: SECOND_DIGITS, full: sendSoon },
  ask: { field: "dossier", most: DOSSIER_DIGITS },
  "ask-phone": { field: "second", most: SECOND_DIGITS, full: askStatus },
  phone: { field: "phone", most: PHONE_DIGITS },
};
const CODE = { field: "typed", most: CODE_DIGITS, full: sendSoon };

/** What is typed at this step: `of[field]` takes at most `most` signs. */
function fieldOf(step) {
  const ofPapers = FIELDS[step];
  return ofPapers ? { of: local.leaving, ...ofPapers } : { of: local, ...(TYPED[step] ?? CODE) };
}

export function typeDigit(digit) {
  if (local.isBusy) return;
  if (local.step === "idle" || local.step === "end") local.step = "code";
  local.note = null;
  const { of, field, most, full } = fieldOf(local.step);
  if (field === "typed" && local.isStale) Object.assign(local, { typed: "", isStale: false });
  if (of[field].length < most) of[field] += digit;
  holdSending();
  if (of[field].length === most) full?.();
}

export function erase() {
  if (local.isBusy) return;
  holdSending();
  local.note = null;
  local.isStale = false;
  const { of, field } = fieldOf(local.step);
  of[field] = of[field].slice(0, -1);
}
