// The screens for who asks about a dossier: its digits, those of the phone, what is told, and what may be done with it.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, callLine, keycap, screen } from "./frame.js";
import { groups, keypad, noteOf } from "./keypad.js";
import { DOSSIER_LEAST, SECOND_DIGITS } from "./screens.js";

const back = (view) => button({ act: "back", keypad: "*", testid: "back", look: "is-quiet" }, keycap("*"), view.say("ask.back"));
const day = (iso) => iso.split("-").reverse().join("/");

export function ask(view) {
  const typed = view.local.dossier;
  return screen(
    "ask",
    view,
    [
      h(
        "section",
        { class: "ask" },
        h("h1", {}, view.say("ask.title")),
        h("p", { class: "lead" }, view.say("ask.lead")),
        groups(typed, typed.length > 10 ? [8, 7] : [6, 4], false, view.say("ask.field", { count: typed.length })),
        noteOf(view),
      ),
      keypad(view, typed.length >= DOSSIER_LEAST, "ask.send"),
    ],
    { countdown: view.entryLeft, canHaveMore: true, buttons: [back(view)] },
  );
}

function askPhone(view) {
  const typed = view.local.second;
  return screen(
    "ask-phone",
    view,
    [
      h(
        "section",
        { class: "ask" },
        h("h1", {}, view.say("ask.phone.title")),
        h("p", { class: "lead" }, view.say("ask.phone.lead")),
        groups(typed, [4], false, view.say("second.field", { count: typed.length })),
        noteOf(view),
      ),
      keypad(view, typed.length === SECOND_DIGITS, "ask.send"),
    ],
    { countdown: view.entryLeft, canHaveMore: true, buttons: [back(view)] },
  );
}

/** What may be done with one that stays inside: keep it longer, or the counter instead, which is asked twice. */
export function choices(view, stay) {
  const isDisabled = view.local.isBusy;
  const of = { hand: stay.hand_over };
  if (view.local.sureFor === stay.hand_over) {
    return [
      h("p", { class: "lead" }, view.say("stay.sure")),
      button({ act: "counter", keypad: "Enter", testid: "counter-sure", look: "is-answer", isDisabled, of }, keycap("Enter"), h("span", {}, view.say("stay.counter.yes"))),
      button({ act: "not-sure", keypad: "3", testid: "counter-not", look: "is-answer", of }, keycap("3"), h("span", {}, view.say("stay.counter.no"))),
    ];
  }
  return [
    stay.longer && button({ act: "extend", keypad: "2", testid: "extend", look: "is-answer", isDisabled, of }, keycap("2"), h("span", {}, view.say("stay.extend", { date: day(stay.longer) }))),
    stay.can_go_to_counter && button({ act: "sure", keypad: "3", testid: "counter", look: "is-answer", isDisabled, of }, keycap("3"), h("span", {}, view.say("stay.counter"))),
  ];
}

/** Until when one stays inside, and that it goes to the counter if that was asked. */
export function stayWords(view, stay) {
  if (stay.is_counter_wanted) return view.say("stay.wanted");
  return stay.until ? view.say("stay.until", { date: day(stay.until) }) : "";
}

const result = (view, one) =>
  h(
    "li",
    { "data-testid": `told-${one.what}` },
    icon(one.what === "inside" ? "check" : "envelope"),
    h(
      "div",
      {},
      h("h2", {}, view.say(`told.${one.what}`, { date: day(one.since), hotline: view.hotline })),
      one.stay && h("p", {}, stayWords(view, one.stay)),
      one.what === "inside" && !one.opens && h("p", {}, view.say("told.shut")),
    ),
  );

const intake = (view, one) =>
  h(
    "li",
    { "data-testid": `told-intake-${one.what}` },
    icon("down"),
    h("div", {}, h("h2", {}, view.say(`told.intake.${one.what}`, { date: day(one.since) })), one.day && h("p", {}, view.say(one.what === "registered" ? "told.result-day" : "told.promised", { date: day(one.day) }))),
  );

function told(view) {
  const { results, intakes, works } = view.local.told;
  const stay = results.find((one) => one.stay)?.stay;
  return screen(
    "told",
    view,
    [
      h("h1", {}, view.say(works ? "told.works" : "told.not-working")),
      h("ul", { class: "topics" }, results.slice(0, 2).map((one) => result(view, one)), intakes.slice(0, 2).map((one) => intake(view, one))),
      noteOf(view),
      stay ? h("div", { class: "answers" }, choices(view, stay)) : callLine(view),
    ],
    { countdown: view.entryLeft, canHaveMore: true, buttons: [back(view)] },
  );
}

export const screens = { ask, "ask-phone": askPhone, told };
