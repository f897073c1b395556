// A receipt or ticket on paper: offered only while the printer has paper.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, keycap } from "./frame.js";

const HAS_PAPER = ["ready", "low"];

/** The button that prints what `path` names, or why there is none. Nothing in a cabinet without a printer. */
export function printing(view, path) {
  const state = view.snapshot.printer;
  const said = view.local.printed?.path === path ? view.local.printed.said : "";
  if (!state || state === "none") return null;
  if (said) return h("p", { class: "note", role: "status", "data-testid": "print-said" }, icon(said === "done" ? "check" : "warning"), h("span", {}, view.say(`print.${said}`)));
  if (!HAS_PAPER.includes(state)) return h("p", { class: "note", "data-testid": "print-none" }, icon("warning"), h("span", {}, view.say("print.out")));
  return button({ act: "print", keypad: "1", testid: "print", look: "is-quiet", isDisabled: view.local.isBusy, of: { path } }, keycap("1"), view.say("print.do"));
}
