// The screens before a door: idle, the code, the second check, waiting, and "sorry".

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, callLine, keycap, screen } from "./frame.js";
import { groups, keypad, noteOf } from "./keypad.js";
import { callMe } from "./lost.js";
import { CODE_DIGITS, SECOND_DIGITS } from "./screens.js";
import { hoursLine, wall } from "./wall.js";

const back = (view, key, act = "back") =>
  button({ act, keypad: "*", testid: "back", look: "is-quiet" }, keycap("*"), view.say(key));

export function idle(view) {
  const isSlow = !view.snapshot.notices_online;
  return screen(
    "idle",
    view,
    [
      h("h1", { class: "unseen-words unsaid" }, view.say("cabinet")),
      button(
        { act: "collect", keypad: "Enter", testid: "collect", look: "is-primary is-huge" },
        icon("envelope"),
        h("span", { class: "words" }, h("strong", {}, view.say("idle.collect")), h("span", {}, view.say("idle.how"))),
        icon("arrow"),
      ),
      view.snapshot.intake?.is_offered &&
        button({ act: "intake", keypad: "0", testid: "intake", look: "is-answer is-wide" }, icon("down"), h("span", {}, view.say("idle.intake"), h("small", {}, view.say("idle.intake.how"))), keycap("0")),
      wall(view),
      !isSlow && hoursLine(view),
      isSlow && h("p", { class: "strip", "data-testid": "notices-offline" }, icon("offline"), view.say("idle.notices-offline")),
    ],
    { buttons: [button({ act: "ask", testid: "ask", look: "is-quiet" }, view.say("idle.ask")), button({ act: "help", keypad: "*", testid: "help", look: "is-quiet" }, keycap("*"), view.say("idle.help"))] },
  );
}

export function code(view) {
  const { typed, isStale } = view.local;
  return screen(
    "code",
    view,
    [
      h(
        "section",
        { class: "ask" },
        h("h1", {}, view.say("code.title")),
        h("p", { class: "lead" }, view.say("code.lead")),
        groups(typed, [4, 4, 4], isStale, view.say("code.field", { count: typed.length })),
        noteOf(view),
      ),
      keypad(view, typed.length === CODE_DIGITS && !isStale, "code.send"),
    ],
    { countdown: view.entryLeft, canHaveMore: true, buttons: [back(view, "code.restart")] },
  );
}

export function second(view) {
  const typed = view.local.second;
  return screen(
    "second",
    view,
    [
      h(
        "section",
        { class: "ask" },
        h("h1", {}, view.say("second.title")),
        h("p", { class: "lead" }, view.say("second.lead")),
        groups(typed, [4], false, view.say("second.field", { count: typed.length })),
        noteOf(view) ?? h("p", { class: "why" }, icon("help"), h("span", {}, view.say("second.why"))),
      ),
      keypad(view, typed.length === SECOND_DIGITS, "code.send"),
    ],
    { countdown: view.entryLeft, canHaveMore: true, buttons: [back(view, "code.restart")] },
  );
}

export function paper(view) {
  const typed = view.local.paper;
  return screen(
    "paper",
    view,
    [
      h(
        "section",
        { class: "ask" },
        h("h1", {}, view.say("paper.title")),
        h("p", { class: "lead" }, view.say(view.local.slip ? "slip.lead" : "paper.lead")),
        groups(typed, [4], false, view.say("paper.field", { count: typed.length })),
        noteOf(view),
      ),
      keypad(view, typed.length === SECOND_DIGITS, "code.send"),
    ],
    { countdown: view.entryLeft, canHaveMore: true, buttons: [back(view, "code.restart")] },
  );
}

export function wait(view) {
  const left = Math.max(1, Math.ceil((view.local.waitUntil - view.now) / 1000));
  return screen(
    "wait",
    view,
    [
      icon("clock"),
      h("h1", {}, view.say("wait.title")),
      h("p", { class: "lead" }, view.say("wait.lead")),
      h("p", { class: "huge", "data-testid": "wait-seconds" }, view.say("wait.seconds", { seconds: left })),
      h("p", { class: "lead" }, view.say("wait.keep")),
    ],
    { buttons: [back(view, "code.restart")] },
  );
}

export function sorry(view) {
  const { sorry: slug, waitUntil, isBusy } = view.local;
  const left = Math.ceil((waitUntil - view.now) / 1000);
  return screen(
    "sorry",
    view,
    [
      icon("door"),
      h("h1", {}, view.say(`sorry.${slug}.title`)),
      h("p", { class: "lead" }, view.say(`sorry.${slug}.lead`)),
      callLine(view),
      h(
        "div",
        { class: "pair" },
        button(
          { act: "send", keypad: "Enter", testid: "retry", look: "is-primary", isDisabled: isBusy || left > 0 },
          left > 0 ? view.say("sorry.retry-in", { seconds: left }) : [view.say("sorry.retry"), keycap("Enter")],
        ),
        callMe(view, "3"),
      ),
    ],
    { countdown: view.entryLeft, canHaveMore: true, buttons: [back(view, "code.restart")] },
  );
}
