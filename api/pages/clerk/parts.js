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

/** The second person's sign-in, at the place that asked for it. */
export function secondAt(view, where) {
  if (view.local.second?.where !== where) return null;
  return h(
    "form",
    { class: "second", "data-act": "second", "data-testid": "second-form", "data-key": `second-${where}` },
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
