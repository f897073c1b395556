// The screens before a door: idle, help, the code, the second check, waiting, and "sorry".

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, callLine, keycap, screen } from "./frame.js";
import { CODE_DIGITS, SECOND_DIGITS } from "./screens.js";

const back = (view, key, act = "back") =>
  button({ act, keypad: "*", testid: "back", look: "is-quiet" }, keycap("*"), view.say(key));

export function idle(view) {
  const step = (name, key) => h("li", {}, icon(name), h("span", {}, view.say(key)));
  const isSlow = !view.snapshot.notices_online;
  return screen(
    "idle",
    view,
    [
      button(
        { act: "collect", keypad: "Enter", testid: "collect", look: "is-primary is-huge" },
        icon("envelope"),
        h("span", { class: "words" }, h("strong", {}, view.say("idle.collect")), h("span", {}, view.say("idle.how"))),
        icon("arrow"),
      ),
      h("ol", { class: "steps" }, step("message", "idle.step1"), step("door", "idle.step2"), step("check", "idle.step3")),
      isSlow && h("p", { class: "strip", "data-testid": "notices-offline" }, icon("offline"), view.say("idle.notices-offline")),
    ],
    { buttons: [button({ act: "help", keypad: "*", testid: "help", look: "is-quiet" }, keycap("*"), view.say("idle.help"))] },
  );
}

export function help(view) {
  const topic = (name, key) =>
    h("li", {}, icon(name), h("div", {}, h("h2", {}, view.say(key)), h("p", {}, view.say(`${key}.how`, { hotline: view.hotline }))));
  return screen(
    "help",
    view,
    [
      h("h1", {}, view.say("help.title")),
      h("ul", { class: "topics" }, topic("message", "help.where"), topic("phone", "help.lost"), topic("door", "help.stuck")),
    ],
    {
      countdown: view.entryLeft,
      buttons: [
        button({ act: "other-language", keypad: "1", testid: "help-language", look: "is-quiet" }, keycap("1"), view.say("help.language")),
        back(view, "help.back"),
      ],
    },
  );
}

function keypad(view, isFull) {
  const { isBusy } = view.local;
  const digit = (key) =>
    button({ act: "digit", keypad: key, testid: `key-${key}`, look: "is-key", isDisabled: isBusy, of: { digit: key } }, key);
  return h(
    "div",
    { class: "keypad", "data-testid": "keypad" },
    ["1", "2", "3", "4", "5", "6", "7", "8", "9"].map(digit),
    h(
      "button",
      {
        type: "button",
        class: "button is-key",
        "data-act": "erase",
        "data-keypad": "Backspace",
        "data-testid": "key-erase",
        "aria-label": view.say("code.erase"),
        disabled: isBusy,
      },
      icon("erase"),
    ),
    digit("0"),
    button(
      { act: "send", keypad: "Enter", testid: "key-send", look: isFull ? "is-key is-primary" : "is-key", isDisabled: isBusy },
      h("span", { class: "small" }, view.say("code.send")),
      keycap("Enter"),
    ),
  );
}

/** Typed digits in groups of four, the group in turn outlined. */
function groups(typed, length, isStale, label) {
  const turn = Math.min(Math.floor(typed.length / 4), length / 4 - 1);
  return h(
    "div",
    { class: isStale ? "groups is-stale" : "groups", role: "group", "aria-label": label, "data-testid": "typed", "data-typed": typed.length },
    Array.from({ length: length / 4 }, (_, group) =>
      h(
        "span",
        { class: group === turn && typed.length < length ? "group is-turn" : "group" },
        Array.from({ length: 4 }, (_none, at) => h("b", {}, typed[group * 4 + at] ?? "\u00a0")),
      ),
    ),
  );
}

function noteOf(view) {
  const { note, isBusy, language } = view.local;
  if (isBusy) return h("p", { class: "note is-busy", role: "status", "data-testid": "checking" }, icon("clock"), view.say("code.checking"));
  if (!note) return null;
  const words = note.hint ? (note.hint[language] ?? note.hint.vi) : view.say(note.key, { hotline: view.hotline });
  return h("p", { class: "note", role: "alert", "data-testid": "note" }, icon("warning"), h("span", {}, words));
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
        groups(typed, CODE_DIGITS, isStale, view.say("code.field", { count: typed.length })),
        noteOf(view),
      ),
      keypad(view, typed.length === CODE_DIGITS && !isStale),
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
        groups(typed, SECOND_DIGITS, false, view.say("second.field", { count: typed.length })),
        noteOf(view) ?? h("p", { class: "why" }, icon("help"), h("span", {}, view.say("second.why"))),
      ),
      keypad(view, typed.length === SECOND_DIGITS),
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
      button(
        { act: "send", keypad: "Enter", testid: "retry", look: "is-primary", isDisabled: isBusy || left > 0 },
        left > 0 ? view.say("sorry.retry-in", { seconds: left }) : [view.say("sorry.retry"), keycap("Enter")],
      ),
    ],
    { countdown: view.entryLeft, canHaveMore: true, buttons: [back(view, "code.restart")] },
  );
}
