// What each button and key does, by the name that it bears (`data-act`).

import { post } from "../shared/requests.js";
import { askOn, wish } from "./asking.js";
import { askForCall, askForCode, callMe, ticketSeen } from "./calling.js";
import { send } from "./code.js";
import { chooseFace, rate } from "./faces.js";
import { FIELDS, freshLeaving, stepAfter, stepBefore } from "./leaving.js";
import { atPapers, beginLeaving, checkPhone, doneWithPapers, largerDoor, openForPapers, sendField } from "./papers.js";
import { endVoice } from "./speaking.js";
import { local, now, redraw, startOverKeeping, visit } from "./state.js";
import { erase, typeDigit } from "./typing.js";
import { answered, inVisit, leave } from "./visit.js";

async function print(path) {
  if (local.isBusy) return;
  local.isBusy = true;
  redraw();
  let said = "done";
  try {
    await post(path, { language: local.language });
  } catch ({ slug }) {
    said = slug === "paper-out" ? "out" : "failed";
  }
  Object.assign(local, { isBusy: false, printed: { path, said }, touchedAt: now() });
  redraw();
}

function counterInstead(hand) {
  local.sureFor = "";
  return visit() ? inVisit("counter", { hand_over: hand }) : wish("counter", hand);
}

function sendWhatIsTyped() {
  if (local.step === "phone") return local.wantsCall ? askForCall({ phone: local.phone }) : askForCode();
  if (FIELDS[local.step]) return sendField();
  return local.step.startsWith("ask") ? askOn() : send();
}

const PAPERS = {
  intake: ({ hand }) => beginLeaving(hand),
  "intake-kind": ({ kind }) => Object.assign(local, { step: "intake-bring", leaving: { ...freshLeaving(), kind }, note: null }),
  "intake-size": ({ size }) => {
    local.leaving.size = size;
    local.step = stepAfter("intake-bring", local.leaving).step;
  },
  "intake-reach": () => (local.leaving.reach = local.leaving.reach === "low" ? "any" : "low"),
  "intake-back": () => Object.assign(local, { step: stepBefore(local.step, local.leaving), note: null }),
  "intake-twice": () => Object.assign(local, { step: "intake-again", note: null, leaving: { ...local.leaving, again: "", otp: "", check: "" } }),
  "intake-otp": () => checkPhone(),
  "intake-open": () => openForPapers(),
  "intake-say": ({ said, hand }) => atPapers(hand, "answers", { said }),
  "intake-larger": ({ hand }) => largerDoor(hand),
  "intake-done": ({ hand }) => doneWithPapers(hand),
};

const VISIT = {
  answer: ({ said, hand }) => inVisit("answers", { hand_over: hand, said }, () => answered(said)),
  wrong: ({ hand }) => Object.assign(local, { wrongFor: hand, note: null }),
  "not-wrong": () => (local.wrongFor = ""),
  reopen: ({ hand }) => inVisit("reopen", { hand_over: hand }),
  next: () => inVisit("next", {}),
  later: ({ hand }) => inVisit("later", { hand_over: hand }),
  reach: ({ hand }) => inVisit("reach", { hand_over: hand }),
  noted: ({ hand }) => local.noted.push(hand),
  "more-time": () => visit() && inVisit("stay", {}),
  leave,
};

/** Every act but the beginning of voice mode, which the page itself does. */
export const ACTS = {
  ...PAPERS,
  ...VISIT,
  collect: () => Object.assign(local, { step: "code", note: null }),
  help: () => (local.step = "help"),
  lost: () => Object.assign(local, { step: "phone", phone: "", wantsCall: false, note: null }),
  "call-me": callMe,
  "ticket-seen": ticketSeen,
  print: ({ path }) => print(path),
  back: () => startOverKeeping(),
  "voice-off": endVoice,
  topics: () => (local.step = "topics"),
  topic: ({ topic }) => Object.assign(local, { step: "topic", topic }),
  large: () => (local.isLarge = !local.isLarge),
  contrast: () => (local.isContrast = !local.isContrast),
  language: ({ language }) => (local.language = language),
  "other-language": () => (local.language = local.language === "vi" ? "en" : "vi"),
  digit: ({ digit }) => typeDigit(digit),
  erase,
  send: sendWhatIsTyped,
  ask: () => Object.assign(local, { step: "ask", dossier: "", second: "", note: null }),
  extend: ({ hand }) => (visit() ? inVisit("extend", { hand_over: hand }) : wish("extend", hand)),
  sure: ({ hand }) => (local.sureFor = hand),
  "not-sure": () => (local.sureFor = ""),
  counter: ({ hand }) => counterInstead(hand),
  face: ({ face }) => chooseFace(face),
  reason: ({ reason }) => rate(reason),
};
