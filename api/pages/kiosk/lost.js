// The screens for who has no code: the phone number, and the one answer for all.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, callLine, keycap, screen } from "./frame.js";
import { groups, keypad, noteOf } from "./keypad.js";
import { PHONE_DIGITS } from "./screens.js";

const back = (view) => button({ act: "back", keypad: "*", testid: "back", look: "is-quiet" }, keycap("*"), view.say("lost-code.back"));

function offline(view) {
  return screen(
    "no-notices",
    view,
    [icon("offline"), h("h1", {}, view.say("lost-code.offline.title")), h("p", { class: "lead" }, view.say("lost-code.offline.lead")), callLine(view)],
    { countdown: view.entryLeft, buttons: [back(view)] },
  );
}

export function phone(view) {
  if (!view.snapshot.notices_online) return offline(view);
  const typed = view.local.phone;
  return screen(
    "phone",
    view,
    [
      h(
        "section",
        { class: "ask" },
        h("h1", {}, view.say("lost-code.title")),
        h("p", { class: "lead" }, view.say("lost-code.lead")),
        groups(typed, [4, 3, 3], false, view.say("lost-code.field", { count: typed.length })),
        noteOf(view),
      ),
      keypad(view, typed.length === PHONE_DIGITS, "lost-code.send"),
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
      button({ act: "collect", keypad: "Enter", testid: "collect", look: "is-primary" }, view.say("lost-code.asked.type"), keycap("Enter")),
    ],
    { countdown: view.entryLeft, canHaveMore: true, buttons: [back(view)] },
  );
}
