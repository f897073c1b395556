// What stays at the counter: why it does not go in, what was taken out, and how it leaves the office. It can be printed.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, day, dossier, field, moment, noteAt } from "./parts.js";

/** Why a result that is expected stays at the counter, in one sentence; empty when it can be loaded. */
function why(view, one) {
  if (one.reason) return view.say(`reason.${one.reason}`);
  if (one.flags.includes("not_loaded_in_time")) return view.say("flag.not_loaded_in_time");
  return one.no_room ? view.say(`problem.${one.no_room}`) : "";
}

function parcel(view, one, where) {
  if (view.local.posting !== one.result) return null;
  return h(
    "form",
    { class: "second", "data-act": "post", "data-result": one.result, "data-where": where, "data-testid": `post-form-${one.result}`, "data-key": `post-${one.result}` },
    field(view.say("post.tracking"), "tracking", "post-tracking", { required: true, minlength: 6, maxlength: 40, spellcheck: "false" }),
    h("div", { class: "buttons" }, h("button", { class: "button is-primary", "data-testid": "post-submit" }, view.say("post.submit")), button({ act: "post-cancel", testid: "post-cancel" }, view.say("cancel"))),
  );
}

function acts(view, one, where) {
  const isDisabled = view.local.busy.has(where);
  const of = { result: one.result, where };
  return h(
    "div",
    { class: "buttons" },
    button({ act: "hand-out", testid: `hand-out-${one.result}`, look: "is-small", isDisabled, of }, icon("check"), view.say("act.hand-out")),
    button({ act: "post-ask", testid: `post-${one.result}`, look: "is-small", isDisabled, of }, icon("envelope"), view.say("act.post")),
  );
}

function row(view, one, reason, isHere) {
  const where = `counter:${one.result}`;
  return h(
    "li",
    { class: "item", "data-testid": `counter-${one.result}`, "data-key": where },
    h("div", { class: "what" }, h("p", {}, dossier(one.dossier), h("span", { class: "name" }, one.name)), h("p", { class: "details" }, reason), isHere && acts(view, one, where), parcel(view, one, where), noteAt(view, where)),
  );
}

const register = (view, one) =>
  row(view, one, [one.is_by_post ? view.say("counter.by-post") : view.say("counter.taken-out"), one.since && moment(one.since)].filter(Boolean).join(" · "), true);

export function counter(view) {
  const left = view.snapshot.to_load.map((one) => [one, why(view, one)]).filter(([, reason]) => reason);
  const { counter: taken, office, time } = view.snapshot;
  return h(
    "section",
    { class: "card counter", "data-testid": "counter", "data-key": "counter" },
    h("h2", {}, view.say("counter.title"), h("span", { class: "count" }, left.length + taken.length)),
    h("p", { class: "only-printed" }, `${office[view.local.language]} · ${day(time)} ${time.slice(11, 16)}`),
    left.length + taken.length === 0 && h("p", { class: "none" }, view.say("counter.none")),
    h("ul", { class: "items" }, left.map(([one, reason]) => row(view, one, reason, one.is_at_counter)), taken.map((one) => register(view, one))),
    noteAt(view, "counter"),
    left.length + taken.length > 0 && button({ act: "print", testid: "counter-print", look: "is-small" }, icon("down"), view.say("counter.print")),
  );
}
