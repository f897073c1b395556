// The screens on which nothing can be done but wait or call: starting, safe mode, read-only, fault, moved, retired, lost, barred.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { callLine, screen } from "./frame.js";

const LOOKS = { starting: "clock", "safe-mode": "wrench", "read-only": "wrench", fault: "wrench", moving: "arrow", retired: "cross", lost: "offline" };

/** A designed screen for a cabinet that does not serve now. `name` is its state, or `lost`. */
export const standstill = (name) => (view) =>
  screen(name, view, [
    icon(LOOKS[name]),
    h("h1", {}, view.say(name === "lost" ? "lost.title" : `state.${name}.title`)),
    h("p", { class: "lead" }, view.say(name === "lost" ? "lost.lead" : `state.${name}.lead`)),
    name === "lost" || name === "starting" ? h("p", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")) : callLine(view),
  ]);

/** Before the first snapshot nothing is known of the office, not even its name. */
export const bare = (name) => (view) =>
  h(
    "div",
    { class: `screen is-bare screen-${name}`, "data-testid": `screen-${name}`, "data-key": name },
    h(
      "main",
      { class: "main" },
      icon(name === "lost" ? "offline" : "key"),
      h("h1", {}, view.say(`${name}.title`)),
      h("p", { class: "lead" }, view.say(`${name}.lead`)),
      name === "lost" && h("p", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
    ),
  );
