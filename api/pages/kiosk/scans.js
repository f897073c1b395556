// What a scanner reads, be it a keyboard or the cabinet's own.

import { askOn } from "./asking.js";
import { scanSlip, send } from "./code.js";
import { scanPapers } from "./papers.js";
import { CODE_DIGITS, SLIP_DIGITS } from "./screens.js";
import { due, local, now, redraw, seen, startOverKeeping, visit } from "./state.js";
import { leave } from "./visit.js";

const SLIP = new RegExp(`^\\d{${SLIP_DIGITS}}$`);

/** Take a whole scan whose first sign came at `beganAt`. */
export function scan(text, beganAt) {
  // A scanner types: its first signs may have chosen something on the start page.
  if (local.leavingAt >= beganAt && !visit()) startOverKeeping();
  const read = text.trim();
  const isSlip = SLIP.test(read);
  if (local.step === "intake-dossier" || local.step === "intake-bag") {
    scanPapers(read, isSlip);
    return;
  }
  if (!local.isBusy && due() === "ask") {
    Object.assign(local, { dossier: read, touchedAt: now() });
    askOn();
    redraw();
    return;
  }
  if (local.isBusy || !["idle", "code", "end", "phone"].includes(due())) return;
  if (due() === "end") leave();
  local.touchedAt = now();
  if (isSlip) {
    scanSlip(read);
    return;
  }
  if (due() === "phone") return;
  const digits = text.replace(/\D/g, "");
  Object.assign(local, { step: "code", isStale: false, typed: digits.length === CODE_DIGITS ? digits : "" });
  send(read);
}

/** The cabinet's own scanner: what it reads is typed here, as a scanner that is a keyboard would; each scan counts once. */
export function typeScan(latest) {
  const isNew = latest && seen.scan !== null && latest.number !== seen.scan;
  seen.scan = latest?.number ?? seen.scan ?? 0;
  if (!isNew) return;
  for (const key of [...latest.text, "Enter"]) document.dispatchEvent(new KeyboardEvent("keydown", { key }));
}
