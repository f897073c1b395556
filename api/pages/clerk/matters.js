// What needs a person: incidents, boards, the line to the centre.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { readablePhone } from "../shared/words.js";
import { lookButtons } from "./floor.js";
import { stock } from "./stock.js";
import { button, day, dossier, field, mark, moment, noteAt, secondAt } from "./parts.js";

function incident(view, one) {
  const where = `incident:${one.incident}`;
  const isDisabled = view.local.busy.has(where);
  const prefix = `incident-${one.incident}`;
  return h(
    "li",
    { class: "item", "data-testid": prefix, "data-key": prefix },
    one.compartment > 0 && h("button", { type: "button", class: "badge", "data-act": "place", "data-number": one.compartment, "aria-label": view.say("compartment.n", { number: one.compartment }) }, one.compartment),
    h(
      "div",
      { class: "what" },
      h("p", {}, h("b", {}, view.say(`incident.${one.kind}`, { otherwise: one.kind })), " ", h("span", { class: "details" }, moment(one.opened_at))),
      one.dossiers.length > 0 && h("p", { "data-testid": `${prefix}-dossiers` }, one.dossiers.map((code) => dossier(code))),
      one.raised_by && h("p", { class: "details" }, view.say("glass.by", { name: one.raised_by })),
      one.call && h("p", { "data-testid": `${prefix}-call` }, icon("phone"), " ", h("b", {}, readablePhone(one.call.phone.replace(/^\+84/, "0"))), one.call.name && ` ${one.call.name}`, one.call_by && ` · ${view.say("ticket.by", { time: moment(one.call_by) })}`),
      one.reason && h("p", { "data-testid": `${prefix}-reason` }, one.reason),
      (one.owner || one.due) &&
        h("p", { class: "marks" }, [
          one.owner && mark("soft", "person", view.say("owner.is", { name: one.owner })),
          one.due && !one.call && mark(one.is_overdue ? "red" : "soft", "clock", view.say("owner.due", { date: day(one.due) })),
        ]),
      h(
        "div",
        { class: "buttons" },
        one.compartment > 0 && button({ act: "inspect", testid: `${prefix}-inspect`, isDisabled, of: { number: one.compartment, where } }, icon("door"), view.say("act.inspect")),
        !one.is_mine && button({ act: "take-incident", testid: `${prefix}-take`, isDisabled, of: { incident: one.incident, where } }, icon("person"), view.say("act.take-incident")),
        one.can_countersign && button({ act: "countersign", testid: `${prefix}-countersign`, look: "is-primary", isDisabled, of: { incident: one.incident, where } }, icon("check"), view.say("glass.countersign")),
        !one.is_glass && button({ act: "close-incident", testid: `${prefix}-close`, isDisabled, of: { incident: one.incident, where } }, icon("check"), view.say("act.close-incident")),
      ),
      one.compartment > 0 && !one.is_glass && lookButtons(view, one.compartment, where, prefix),
      noteAt(view, where),
      secondAt(view, where),
    ),
  );
}

/** What a leader is asked to agree to, from wherever they are. */
function approval(view, one) {
  const where = `approval:${one.approval}`;
  const list = one.results.map((id) => view.snapshot.to_load.find((each) => each.result === id)?.dossier ?? id).join(", ");
  return h(
    "form",
    { class: "card second", "data-act": "approval", "data-approval": one.approval, "data-testid": `approval-${one.approval}`, "data-key": where },
    h("h2", {}, view.say("approval.asked", { number: one.number, name: one.asked_by })),
    h("p", {}, view.say(one.results.length ? "approval.load" : `approval.${one.purpose === "load" ? "inspect" : one.purpose}`, { number: one.compartment, list })),
    field(view.say("second.password"), "password", "approval-password", { type: "password", required: true }),
    field(view.say("second.code"), "code", "approval-code", { autocomplete: "one-time-code", required: true }),
    noteAt(view, where),
    h("button", { class: "button is-primary", "data-testid": "approval-give", disabled: view.local.busy.has(where) }, view.say("approval.give")),
  );
}

function board(view, one) {
  const look = one.is_out ? ["red", "wrench", view.say("board.out")] : one.is_online ? ["soft", "check", view.say("board.online")] : ["red", "offline", view.say("board.offline", { cause: view.say(`fault.${one.fault}`, { otherwise: view.say("fault.other") }) })];
  return h(
    "li",
    { class: "line", "data-key": `board:${one.name}` },
    h("b", {}, one.name),
    mark(...look),
  );
}

/** Boards are proved door by door on a page of the technician's own. */
const provingLink = (view) =>
  view.snapshot.me.role !== "clerk" && h("p", { class: "buttons" }, h("a", { class: "button is-small", href: "/commission", "data-testid": "boards-prove" }, icon("wrench"), view.say("board.try")));

function centre(view) {
  const { is_online: isOnline, unsent, last_contact: contact } = view.snapshot.centre;
  return h(
    "li",
    { class: "line", "data-testid": "centre", "data-key": "centre" },
    isOnline ? mark("soft", "check", view.say("centre.online")) : mark("amber", "offline", view.say("centre.offline")),
    h("span", { class: "details" }, [unsent > 0 && view.say("centre.unsent", { count: unsent }), contact && view.say("centre.contact", { time: moment(contact) })].filter(Boolean).join(" · ")),
  );
}

export const matters = (view) =>
  h(
    "div",
    { class: "column column-matters", "data-key": "matters" },
    view.snapshot.approvals.filter((one) => !one.is_mine && !one.given_by && view.snapshot.me.agrees).map((one) => approval(view, one)),
    h(
      "section",
      { class: "card", "data-testid": "matters" },
      h("h2", {}, view.say("matters.title"), h("span", { class: "count" }, view.snapshot.incidents.length)),
      noteAt(view, "matters"),
      view.snapshot.incidents.length === 0 && h("p", { class: "none" }, view.say("matters.none")),
      h("ul", { class: "items" }, view.snapshot.incidents.map((one) => incident(view, one))),
    ),
    stock(view),
    h("section", { class: "card" }, h("h2", {}, view.say("boards.title")), h("ul", { class: "lines" }, centre(view), view.snapshot.boards.map((one) => board(view, one))), provingLink(view)),
  );
