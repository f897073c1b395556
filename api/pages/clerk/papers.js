// What citizens left: the morning round from door to door, and the office's answer to each bag.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, day, field, mark, moment, noteAt } from "./parts.js";

export const ROUND = "papers";

/** The next door of the round, or null: bags that are inside, in walking order. */
export const nextOf = (snapshot) => snapshot.intakes.find((one) => one.stage === "deposited" && !one.can_report) ?? null;

/** The bag whose door was closed again and that is still to be reported, or null. */
export const emptiedOf = (snapshot) => snapshot.intakes.find((one) => one.can_report) ?? null;

const sent = (view, one) => (one.sent_at ? moment(one.sent_at) : view.say("papers.untimed", { position: one.position }));

function marks(view, one) {
  return [
    one.is_late && mark("red", "clock", view.say("papers.late", { date: day(one.promised) })),
    one.seems_empty && mark("amber", "warning", view.say("papers.seems_empty")),
    one.is_missed && mark("amber", "warning", view.say("papers.missed")),
    !one.is_confirmed && mark("soft", "help", view.say("papers.unconfirmed")),
    one.phone && !one.is_phone_checked && mark("soft", "phone", view.say("papers.unchecked")),
  ];
}

const what = (view, one, ...more) =>
  h(
    "div",
    { class: "what" },
    h("p", {}, h("b", { "data-testid": `bag-${one.hand_over}` }, one.bag), " ", h("span", { class: "name" }, view.say(`papers.kind.${one.kind}`))),
    h("p", { class: "details" }, [one.compartment !== null && view.say("compartment.n", { number: one.compartment }), sent(view, one), one.dossier, one.name, one.phone].filter(Boolean).join(" · ")),
    h("p", { class: "marks" }, marks(view, one)),
    more,
  );

function reportForm(view, one) {
  return h(
    "form",
    { class: "look", "data-act": "papers-report", "data-hand": one.hand_over, "data-testid": "papers-report", "data-key": `report-${one.hand_over}`, novalidate: true },
    h("h3", {}, view.say("papers.report", { number: one.compartment })),
    what(view, one),
    h(
      "div",
      { class: "row" },
      field(view.say("papers.bag"), "bag", "papers-bag", { autocapitalize: "characters", spellcheck: "false" }),
      field(view.say("papers.count"), "count", "papers-count", { type: "number", min: 0, max: 999 }),
      h("button", { class: "button is-primary", "data-testid": "papers-report-submit", disabled: view.local.busy.has(ROUND) }, view.say("papers.report.submit")),
    ),
  );
}

function round(view) {
  const { snapshot } = view;
  const emptied = emptiedOf(snapshot);
  if (emptied) return reportForm(view, emptied);
  const next = nextOf(snapshot);
  if (!next || snapshot.grants.some((grant) => grant.purpose === "collect_intake")) return null;
  const key = next.is_missed ? "papers.again" : "papers.next";
  return h(
    "div",
    { class: "buttons", "data-key": "papers-next" },
    button(
      { act: "papers-open", testid: "papers-open", look: "is-primary", isDisabled: view.local.busy.has(ROUND), of: { hand: next.hand_over, where: ROUND } },
      icon("door"),
      view.say(key, { number: next.compartment, bag: next.bag }),
      h("kbd", {}, "F6"),
    ),
  );
}

const inside = (view, one) => h("li", { class: "item", "data-testid": `paper-${one.hand_over}`, "data-key": `paper-${one.hand_over}` }, what(view, one));

// Nobody knows what is behind this door: a look settles it, from the picture of the cabinet.
function unsure(view, one) {
  const where = `paper:${one.hand_over}`;
  return h(
    "li",
    { class: "item", "data-testid": `paper-${one.hand_over}`, "data-key": `paper-${one.hand_over}` },
    what(view, one, mark("amber", "help", view.say(one.stage === "withdrawn" ? "papers.withdrawn" : "papers.unsure")), noteAt(view, where)),
    button({ act: "inspect", testid: `look-${one.hand_over}`, isDisabled: view.local.busy.has(where), of: { number: one.compartment, where } }, view.say("act.inspect")),
  );
}

function answers(view, one) {
  const where = `paper:${one.hand_over}`;
  const isDisabled = view.local.busy.has(where);
  const reply = (outcome) => button({ act: "papers-answer", testid: `${outcome}-${one.hand_over}`, isDisabled, of: { hand: one.hand_over, outcome, where } }, view.say(`papers.answer.${outcome}`));
  return h(
    "li",
    { class: "item is-answer", "data-testid": `paper-${one.hand_over}`, "data-key": `paper-${one.hand_over}` },
    what(
      view,
      one,
      h("p", { class: "details" }, view.say("papers.counted", { count: one.count })),
      one.count > 0 &&
        h(
          "form",
          { class: "row", "data-act": "papers-register", "data-hand": one.hand_over, "data-key": `register-${one.hand_over}` },
          field(view.say("papers.dossier"), "dossier", `dossier-${one.hand_over}`, { required: true, maxlength: 60, value: one.dossier || null }),
          field(view.say("papers.appointment"), "appointment", `appointment-${one.hand_over}`, { type: "date", required: true }),
          h("button", { class: "button is-primary", "data-testid": `registered-${one.hand_over}`, disabled: isDisabled }, view.say("papers.answer.registered")),
        ),
      h("div", { class: "buttons" }, one.count > 0 ? [reply("supplement"), reply("returned")] : reply("nothing_found")),
      noteAt(view, where),
    ),
  );
}

const list = (view, title, papers, draw) =>
  papers.length > 0 && [h("h3", {}, view.say(title), h("span", { class: "count" }, papers.length)), h("ul", { class: "items" }, papers.map((one) => draw(view, one)))];

export function papers(view) {
  const { intakes } = view.snapshot;
  if (intakes.length === 0) return noteAt(view, ROUND);
  const taken = intakes.filter((one) => one.compartment === null);
  const held = intakes.filter((one) => one.stage === "deposited" && !one.can_report);
  const doubtful = intakes.filter((one) => one.compartment !== null && one.stage !== "deposited" && !one.is_at_door);
  return h(
    "section",
    { class: "card", "data-testid": "papers", "data-key": "papers" },
    h("h2", {}, view.say("papers.title"), h("span", { class: "count" }, intakes.length)),
    round(view),
    noteAt(view, ROUND),
    list(view, "papers.inside", held, inside),
    list(view, "papers.doubtful", doubtful, unsure),
    list(view, "papers.taken", taken, answers),
  );
}
