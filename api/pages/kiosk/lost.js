// The screens for who has no code: the phone number, and the one answer for all.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, callLine, keycap, screen } from "./frame.js";
import { groups, keypad, noteOf } from "./keypad.js";
import { printButton, printNote } from "./paper.js";
import { PHONE_DIGITS } from "./screens.js";

const back = (view) => button({ act: "back", keypad: "*", testid: "back", look: "is-quiet" }, keycap("*"), view.say("lost-code.back"));

/** The last way on: the office calls back. */
export const callMe = (view, keypad, look = "is-quiet") =>
  button({ act: "call-me", keypad, testid: "call-me", look, isDisabled: view.local.isBusy }, view.say("ticket.do"), keycap(keypad));

export function ticket(view) {
  const { number, by } = view.local.ticket;
  const path = `/api/kiosk/tickets/${number}/print`;
  const time = by ? view.say("ticket.by", { time: by.slice(11, 16), day: `${by.slice(8, 10)}/${by.slice(5, 7)}` }) : view.say("ticket.by-unset");
  return screen(
    "ticket",
    view,
    [
      icon("phone"),
      h("h1", {}, view.say("ticket.title")),
      h("p", { class: "huge", "data-testid": "ticket-number" }, view.say("ticket.number", { number })),
      h("p", { class: "lead", "data-testid": "ticket-by" }, time),
      h("p", { class: "lead", "data-testid": "print-note" }, printNote(view, path) || view.say("ticket.safe")),
      printButton(view, path) ?? callLine(view),
    ],
    { countdown: view.entryLeft, buttons: [button({ act: "ticket-seen", keypad: "Enter", testid: "ticket-seen", look: "is-quiet" }, view.say("finish"), keycap("Enter"))] },
  );
}

function offline(view) {
  return screen(
    "no-notices",
    view,
    [icon("offline"), h("h1", {}, view.say("lost-code.offline.title")), h("p", { class: "lead" }, view.say("lost-code.offline.lead")), callLine(view), callMe(view, "Enter", "is-primary")],
    { countdown: view.entryLeft, buttons: [back(view)] },
  );
}

export function phone(view) {
  const { phone: typed, wantsCall } = view.local;
  if (!wantsCall && !view.snapshot.notices_online) return offline(view);
  return screen(
    "phone",
    view,
    [
      h(
        "section",
        { class: "ask" },
        h("h1", {}, view.say(wantsCall ? "ticket.phone.title" : "lost-code.title")),
        h("p", { class: "lead" }, view.say(wantsCall ? "ticket.phone.lead" : "lost-code.lead")),
        groups(typed, [4, 3, 3], false, view.say("lost-code.field", { count: typed.length })),
        noteOf(view),
      ),
      keypad(view, typed.length === PHONE_DIGITS, wantsCall ? "ticket.send" : "lost-code.send"),
    ],
    { countdown: view.entryLeft, canHaveMore: true, buttons: [back(view)] },
  );
}

export function asked(view) {
  return screen(
    "asked",
    view,
    [
      icon("message"),
      h("h1", {}, view.say("lost-code.asked.title")),
      h("p", { class: "lead" }, view.say("lost-code.asked.lead")),
      h("p", { class: "lead" }, view.say("lost-code.asked.else", { hotline: view.hotline })),
      h(
        "div",
        { class: "pair" },
        button({ act: "collect", keypad: "Enter", testid: "collect", look: "is-primary" }, view.say("lost-code.asked.type"), keycap("Enter")),
        callMe(view, "3"),
      ),
    ],
    { countdown: view.entryLeft, canHaveMore: true, buttons: [back(view)] },
  );
}
