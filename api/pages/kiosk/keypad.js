// The keypad on the screen, the digits typed so far, and what is said of them.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, keycap } from "./frame.js";

/** The twelve keys; `sendKey` names what the last one does. */
export function keypad(view, isFull, sendKey) {
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
      h("span", { class: "small" }, view.say(sendKey)),
      keycap("Enter"),
    ),
  );
}

/** Typed digits in groups of these sizes, the group in turn outlined. */
export function groups(typed, sizes, isStale, label) {
  const starts = sizes.map((_size, group) => sizes.slice(0, group).reduce((sum, size) => sum + size, 0));
  const turn = sizes.findIndex((size, group) => typed.length < starts[group] + size);
  return h(
    "div",
    { class: isStale ? "groups is-stale" : "groups", role: "group", "aria-label": label, "data-testid": "typed", "data-typed": typed.length },
    sizes.map((size, group) =>
      h(
        "span",
        { class: group === turn ? "group is-turn" : "group" },
        Array.from({ length: size }, (_none, at) => h("b", {}, typed[starts[group] + at] ?? "\u00a0")),
      ),
    ),
  );
}

/** What is to be said of what was typed, or null. */
export function noteOf(view) {
  const { note, isBusy, language } = view.local;
  if (isBusy) return h("p", { class: "note is-busy", role: "status", "data-testid": "checking" }, icon("clock"), view.say("code.checking"));
  if (!note) return null;
  const words = note.hint ? (note.hint[language] ?? note.hint.vi) : view.say(note.key, { hotline: view.hotline, ...note.values });
  return h("p", { class: "note", role: "alert", "data-testid": "note" }, icon("warning"), h("span", {}, words));
}
