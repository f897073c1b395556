// Small pieces that every list of the clerk page is made of.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";

/** A button that does `act`; what it is about goes along as `of`, and errors are said at `of.where`. */
export function button({ act, testid, look = "", isDisabled = false, of = {} }, ...children) {
  const more = Object.fromEntries(Object.entries(of).map(([name, value]) => [`data-${name}`, value]));
  return h(
    "button",
    { type: "button", class: `button ${look}`.trim(), "data-act": act, "data-testid": testid, "data-key": testid, disabled: isDisabled, ...more },
    children,
  );
}

/** A labelled input. `name` is its field in the form. */
export const field = (label, name, testid, more = {}) =>
  h("label", { class: "field", "data-key": testid }, h("span", {}, label), h("input", { name, "data-testid": testid, autocomplete: "off", ...more }));

/** What came of the last act here: a sentence beside the place where it was asked for. */
export function noteAt(view, where) {
  const note = view.local.notes[where];
  if (!note) return null;
  return h(
    "p",
    { class: note.isGood ? "note is-good" : "note", role: note.isGood ? "status" : "alert", "data-testid": "note", "data-key": `note-${where}` },
    icon(note.isGood ? "check" : "warning"),
    h("span", {}, view.say(note.key, { ...note.values, otherwise: view.say("problem.unknown") }), note.more && h("br"), note.more && view.say(note.more)),
  );
}

/** Which opening somebody must agree to: its door and purpose, out of the path that was refused. */
export function openingOf(view) {
  const [kind, id, purpose] = view.local.second.path.split("/");
  if (kind === "stock") return { compartment: id ? view.snapshot.stock_check?.next : 0, purpose: "inspect" };
  if (kind === "loads" && !id) return { compartment: 0, purpose: "load" };
  const compartment = kind === "compartments" ? Number(id) : view.snapshot.in_cabinet.find((one) => one.hand_over === id)?.compartment;
  return { compartment, purpose: kind === "loads" ? "load" : purpose };
}

function approvalAt(view, where) {
  const { compartment, purpose } = openingOf(view);
  const asked = view.snapshot.approvals.find((one) => one.is_mine && one.compartment === compartment && one.purpose === purpose);
  const isDisabled = view.local.busy.has(where);
  if (!asked) return button({ act: "approval-ask", testid: "approval-ask", isDisabled, of: { where } }, icon("message"), view.say("approval.ask"));
  if (!asked.given_by) return h("p", { class: "details", role: "status", "data-testid": "approval-waits" }, view.say("approval.waits", { number: asked.number, seconds: view.seconds(asked.seconds_left) }));
  return h(
    "div",
    {},
    h("p", { role: "status" }, view.say("approval.given", { name: asked.given_by })),
    button({ act: "approval-use", testid: "approval-use", look: "is-primary", isDisabled, of: { where, approval: asked.approval } }, icon("door"), view.say("approval.use")),
  );
}

function glassAt(view, where) {
  if (!view.local.second.glass) return button({ act: "glass-ask", testid: "glass-ask", look: "is-small" }, view.say("glass.ask"));
  return h(
    "form",
    { "data-act": "glass", "data-testid": "glass-form", "data-key": `glass-${where}` },
    h("p", {}, view.say("glass.lead")),
    field(view.say("glass.reason"), "reason", "glass-reason", { minlength: 10, maxlength: 500, required: true }),
    h("button", { class: "button is-warning", "data-testid": "glass-submit", disabled: view.local.busy.has(where) }, view.say("glass.submit")),
  );
}

/** Who agrees to an exceptional opening: a second person here, a leader elsewhere, or nobody and the glass is broken. */
export function secondAt(view, where) {
  if (view.local.second?.where !== where) return null;
  const { compartment, purpose } = openingOf(view);
  return h("div", { class: "second", "data-key": `agree-${where}` }, secondForm(view, where), (compartment > 0 || purpose === "load") && [approvalAt(view, where), ["reclaim", "inspect"].includes(purpose) && glassAt(view, where)]);
}

function secondForm(view, where) {
  return h(
    "form",
    { "data-act": "second", "data-testid": "second-form", "data-key": `second-${where}` },
    h("h3", {}, view.say("second.title")),
    field(view.say("second.user"), "user", "second-user"),
    field(view.say("second.password"), "password", "second-password", { type: "password" }),
    field(view.say("second.code"), "code", "second-code", { autocomplete: "one-time-code" }),
    h(
      "div",
      { class: "buttons" },
      h("button", { class: "button is-primary", "data-testid": "second-submit", disabled: view.local.busy.has(where) }, view.say("second.submit")),
      button({ act: "second-cancel", testid: "second-cancel" }, view.say("cancel")),
    ),
  );
}

/** The end of a dossier code is what people read; the agency before it is said quietly. */
export function dossier(code) {
  const cut = code.search(/\d{6,8}-\d{4,7}$/);
  if (cut <= 0) return h("span", { class: "dossier" }, h("b", {}, code));
  return h("span", { class: "dossier" }, h("span", {}, code.slice(0, cut)), h("b", {}, code.slice(cut)));
}

export const mark = (look, name, words) => h("span", { class: `mark is-${look}` }, icon(name), words);

/** YYYY-MM-DD… as dd/mm/yyyy. */
export const day = (iso) => iso.slice(0, 10).split("-").reverse().join("/");

/** A time stamp as dd/mm hh:mm. */
export const moment = (iso) => `${iso.slice(8, 10)}/${iso.slice(5, 7)} ${iso.slice(11, 16)}`;
