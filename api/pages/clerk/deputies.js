// For a leader: which clerk agrees and countersigns in their place, and until when.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, day, field, mark, noteAt } from "./parts.js";

const WHERE = "deputies";

export function deputies(view) {
  const { me, deputies: named, clerks } = view.snapshot;
  if (me.role !== "leader") return null;
  const isDisabled = view.local.busy.has(WHERE);
  return h(
    "section",
    { class: "card", "data-testid": "deputies", "data-key": "deputies" },
    h("h2", {}, view.say("deputies.title")),
    named.length === 0 && h("p", { class: "none" }, view.say("deputies.none")),
    h(
      "ul",
      { class: "lines" },
      named.map((one) =>
        h(
          "li",
          { class: "line", "data-key": `deputy-${one.user}` },
          h("b", {}, one.name),
          mark("soft", "clock", view.say("deputies.until", { date: day(one.until) })),
          button({ act: "deputy-end", testid: `deputy-end-${one.user}`, look: "is-small", isDisabled, of: { user: one.user, where: WHERE } }, view.say("deputies.end")),
        ),
      ),
    ),
    h(
      "form",
      { class: "row", "data-act": "deputy", "data-key": "deputy-form" },
      h("label", { class: "field" }, h("span", {}, view.say("deputies.clerk")), h("select", { name: "user", "data-testid": "deputy-user" }, clerks.map((one) => h("option", { value: one.user }, one.name)))),
      field(view.say("deputies.last-day"), "until", "deputy-until", { type: "date", required: true }),
      h("button", { class: "button", "data-testid": "deputy-submit", disabled: isDisabled || clerks.length === 0 }, icon("person"), view.say("deputies.name")),
    ),
    noteAt(view, WHERE),
  );
}
