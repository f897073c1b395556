// Voice mode: when a screen is said, and how the mode begins and ends. What is said of a screen is in voice.js.

import { doorOf } from "./screens.js";
import { due, local, now, redraw, seen, startOver, startOverKeeping, visit } from "./state.js";
import { erase } from "./typing.js";
import { speech, spokenOf } from "./voice.js";

export const loudspeaker = speech("/voice");

let said = "";
let saidScreen = "";

/** A screen is said when it comes, when something on it is to be noticed, and again when a person asks. */
export function speak(page, announcer, say, name, isAgain = false) {
  const note = [...page.querySelectorAll("[role=alert]")].map((element) => element.textContent).join(" ");
  const turn = `${local.language} ${name} ${visit() ? doorOf(visit())?.compartment : ""} ${note}`;
  // While an answer is under way the keys are locked, so they would not be named: the screen is read once it is here.
  if (local.isBusy || (turn === said && !isAgain)) return;
  said = turn;
  const lines = spokenOf(page, say(local.language), { isNoteOnly: !isAgain && name === saidScreen && note !== "" });
  saidScreen = name;
  announcer.textContent = lines.map(({ text }) => text).join(" ");
  loudspeaker.say(local.language, lines.flatMap(({ clips }) => clips));
}

/** Begin, where a screen allows it; what is on screen is said `again` where voice mode is on already. */
export function startVoice(page, again) {
  if (!seen.snapshot?.has_voice || local.isBarred) return;
  if (local.isVoice) {
    if (page.querySelector('[data-keypad="5"][data-act=digit]')) erase();
    again();
    return;
  }
  if (!["idle", "help"].includes(due()) && !(due() === "code" && local.typed.length <= 1)) return;
  const { language } = local;
  startOver();
  Object.assign(local, { language, isVoice: true, step: "voice", touchedAt: now() });
  said = saidScreen = "";
  redraw();
}

export function endVoice() {
  loudspeaker.stop();
  local.isVoice = false;
  startOverKeeping();
}
