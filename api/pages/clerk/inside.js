// What lies in the cabinet now, what may be done with it, and the search over everything that was here.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { counter } from "./counter.js";
import { button, day, dossier, mark, moment, noteAt, secondAt } from "./parts.js";

const NOTICE = { none: ["soft", "message"], queued: ["soft", "clock"], sent: ["soft", "message"], delivered: ["soft", "check"], failed: ["amber", "warning"] };

const needsCare = (one) =>
  Number(Boolean(one.is_cancelled || one.is_overdue || one.is_counter_wanted || one.is_by_post || one.uncertain || one.disputed || one.is_out_of_reach || one.notice === "failed"));
const rank = (one) => (one.can_reopen ? 2 : needsCare(one));

function marks(view, one) {
  const [look, name] = NOTICE[one.notice] ?? NOTICE.none;
  return [
    one.stage === "loading" && mark("blue", "down", view.say("mark.loading")),
    one.is_by_post && mark("amber", "envelope", view.say("mark.by-post")),
    one.is_cancelled && mark("red", "cross", view.say("mark.cancelled")),
    one.is_out_of_reach && mark("amber", "warning", view.say("mark.out_of_reach")),
    one.is_overdue && mark("amber", "clock", view.say("mark.overdue")),
    one.is_owed && mark("amber", "clock", view.say("mark.owed")),
    one.is_counter_wanted && mark("amber", "arrow", view.say("mark.counter")),
    one.disputed && mark("red", "warning", view.say(`mark.disputed.${one.disputed}`)),
    one.uncertain && !one.disputed && mark("amber", "help", view.say("mark.uncertain")),
    one.stage !== "loading" && mark(look, name, view.say(`notice.${one.notice}`)),
  ];
}

function undoQuestion(view, one) {
  if (view.local.undoing !== one.hand_over) return null;
  return h(
    "div",
    { class: "sure" },
    h("p", {}, view.say("undo.sure", { number: one.compartment })),
    h(
      "div",
      { class: "buttons" },
      button({ act: "undo", testid: `undo-sure-${one.hand_over}`, look: "is-primary", of: { hand: one.hand_over, where: `hand:${one.hand_over}` } }, view.say("undo.yes")),
      button({ act: "undo-cancel", testid: "undo-cancel" }, view.say("cancel")),
    ),
  );
}

/** The buttons for one hand-over: own loads of an open round go back; everything else is taken out. */
export function actsOf(view, one, where, prefix = "") {
  const of = { hand: one.hand_over, where };
  const isDisabled = view.local.busy.has(of.where);
  const act = (name, iconName, key) => button({ act: name, testid: `${prefix}${name}-${one.hand_over}`, isDisabled, of }, icon(iconName), view.say(key));
  if (one.can_reopen) return [act("reopen", "reopen", "act.reopen"), act("undo-ask", "undo", "act.undo")];
  if (one.stage === "loading") return [];
  if (one.is_moving) return [];
  return [act("reclaim", "arrow", "act.reclaim"), one.stage === "loaded" && !one.uncertain && !one.disputed && !one.is_cancelled && act("move", "reopen", "act.move"), one.stage === "loaded" && act("new-code", "message", "act.new-code")];
}

const delegate = (view, one, who) =>
  h(
    "p",
    { class: "details", "data-testid": `delegate-${who.result}` },
    `${view.say("delegate.is", { name: who.name })} `,
    button({ act: "revoke-delegate", testid: `revoke-${who.result}`, look: "is-small", of: { result: who.result, where: `hand:${one.hand_over}` } }, icon("cross"), view.say("delegate.revoke")),
  );

const handOver = (view, one) =>
  h(
    "li",
    { class: needsCare(one) ? "item has-care" : "item", "data-testid": `hand-over-${one.hand_over}`, "data-key": `hand-${one.hand_over}` },
    h("button", { type: "button", class: "badge", "data-act": "place", "data-number": one.compartment, "aria-label": view.say("compartment.n", { number: one.compartment }) }, one.compartment),
    h(
      "div",
      { class: "what" },
      h("p", {}, h("span", { class: "name" }, one.name), one.dossiers.map((code) => dossier(code))),
      h("p", { class: "details" }, [one.loaded_at && view.say("inside.loaded", { time: moment(one.loaded_at) }), one.deadline && view.say("deadline", { date: day(one.deadline) })].filter(Boolean).join(" · ")),
      h("p", { class: "marks" }, marks(view, one)),
      one.delegates.map((who) => delegate(view, one, who)),
      h("div", { class: "buttons" }, actsOf(view, one, `hand:${one.hand_over}`)),
      undoQuestion(view, one),
      noteAt(view, `hand:${one.hand_over}`),
      secondAt(view, `hand:${one.hand_over}`),
    ),
  );

function search(view) {
  const { found } = view.local;
  return h(
    "div",
    { class: "search", role: "search", "data-key": "search" },
    h("label", { for: "search-box" }, icon("search"), h("span", {}, view.say("search.label")), h("kbd", {}, "F4")),
    h("input", { id: "search-box", type: "search", "data-testid": "search-box", autocomplete: "off", spellcheck: "false" }),
    found &&
      h(
        "ul",
        { class: "found", "data-testid": "found" },
        found.length === 0 && h("li", {}, view.say("search.none")),
        found.map((one) =>
          h("li", {}, dossier(one.dossier), h("span", { class: "name" }, one.name), h("span", { class: "details" }, [view.say(`where.${one.where}`, { otherwise: one.where }), one.compartment && view.say("compartment.n", { number: one.compartment }), moment(one.when)].filter(Boolean).join(" · "))),
        ),
      ),
  );
}

export function inside(view) {
  const sorted = [...view.snapshot.in_cabinet].sort((a, b) => rank(b) - rank(a) || a.compartment - b.compartment);
  return h(
    "div",
    { class: "column column-inside", "data-key": "inside" },
    h(
      "section",
      { class: "card" },
      h("h2", {}, view.say("inside.title"), h("span", { class: "count" }, sorted.length)),
      search(view),
      sorted.length === 0 && h("p", { class: "none" }, view.say("inside.none")),
      h("ul", { class: "items", "data-testid": "in-cabinet" }, sorted.map((one) => handOver(view, one))),
    ),
    counter(view),
  );
}
