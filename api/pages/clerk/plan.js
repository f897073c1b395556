// Today's work before everything else: what to load, to collect, what is overdue, what needs a person.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";

const overdue = (snapshot) => snapshot.in_cabinet.filter((one) => one.is_overdue);

const PARTS = {
  load: { tab: "work", to: () => "to-load", icon: "down", count: (snapshot) => snapshot.to_load.filter((one) => one.is_loadable).length },
  collect: { tab: "work", to: () => "papers", icon: "envelope", count: (snapshot) => snapshot.intakes.length },
  overdue: { tab: "inside", to: (snapshot) => `hand-over-${overdue(snapshot)[0]?.hand_over}`, icon: "clock", count: (snapshot) => overdue(snapshot).length },
  matters: { tab: "matters", to: () => "matters", icon: "warning", count: (snapshot) => snapshot.incidents.length },
};

const part = (view, [name, { icon: drawn, count }]) =>
  h(
    "li",
    { "data-key": name },
    h(
      "button",
      { type: "button", class: count(view.snapshot) ? "plan-part has-work" : "plan-part", "data-act": "plan", "data-part": name, "data-testid": `plan-${name}` },
      icon(drawn),
      h("b", {}, count(view.snapshot)),
      h("span", {}, view.say(`plan.${name}`)),
    ),
  );

export const plan = (view) =>
  h("section", { class: "card", "data-testid": "plan", "data-key": "plan" }, h("h2", {}, view.say("plan.title")), h("ul", { class: "plan" }, Object.entries(PARTS).map((one) => part(view, one))));

export const planActs = ({ local, draw, at, view }) => ({
  plan: ({ part: name }) => {
    const { tab, to } = PARTS[name];
    local.tab = tab;
    draw();
    at(to(view().snapshot))?.scrollIntoView({ block: "center" });
  },
});
