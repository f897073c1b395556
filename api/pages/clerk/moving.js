// Moving to another compartment: which door is next, and the question that ends it.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, dossier, noteAt } from "./parts.js";

/** What a clerk may do at each step: an act, its door, and whether it is what usually comes next. */
const ACTS = {
  take: [["move-open", "source", true], ["move-confirm", "source"]],
  put: [["move-open", "target", true], ["move-open", "source"], ["move-confirm", "source"]],
  confirm: [["move-confirm", "target", true], ["move-open", "target"]],
  stalled: [],
};

function move(view, one) {
  const where = `move:${one.hand_over}`;
  const { name, dossiers } = view.snapshot.in_cabinet.find((each) => each.hand_over === one.hand_over) ?? { name: "", dossiers: [] };
  const isDisabled = one.is_at_door || view.local.busy.has(where);
  const numbers = { source: one.source, target: one.target };
  return h(
    "div",
    { class: "card is-question", "data-testid": `moving-${one.hand_over}`, "data-key": where, "data-step": one.step },
    h("h2", {}, view.say("move.title", numbers), one.is_low && ` (${view.say("reach.low")})`),
    h("p", {}, h("span", { class: "name" }, name), " ", dossiers.map((code) => dossier(code))),
    h("p", { role: "status" }, view.say(`move.${one.step}`, numbers)),
    h(
      "div",
      { class: "buttons" },
      ACTS[one.step].map(([act, door, isNext]) =>
        button({ act, testid: `${act}-${door}`, look: isNext ? "is-primary" : "", isDisabled, of: { hand: one.hand_over, door, where } }, icon(act === "move-open" ? "door" : "check"), view.say(`${act}.${door}`, numbers), isNext && h("kbd", {}, "F6")),
      ),
    ),
    noteAt(view, where),
  );
}

export const moving = (view) => view.snapshot.moves.map((one) => move(view, one));
