// A receipt or ticket on paper: offered only while the printer has paper.

import { button, keycap } from "./frame.js";

const HAS_PAPER = ["ready", "low"];

const said = (view, path) => (view.local.printed?.path === path ? view.local.printed.said : "");

/** The button that prints what `path` names; null without a printer, without paper, and once it was asked. */
export function printButton(view, path) {
  if (!HAS_PAPER.includes(view.snapshot.printer) || said(view, path)) return null;
  return button({ act: "print", keypad: "1", testid: "print", look: "is-quiet", isDisabled: view.local.isBusy, of: { path } }, keycap("1"), view.say("print.do"));
}

/** What came of printing, or why it is not offered; "" where there is nothing to say. */
export function printNote(view, path) {
  const { printer } = view.snapshot;
  if (said(view, path)) return view.say(`print.${said(view, path)}`);
  return printer && printer !== "none" && !HAS_PAPER.includes(printer) ? view.say("print.out") : "";
}
