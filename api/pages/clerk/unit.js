// The cabinet itself: its morning's look, its moving and end, and the messages it sends.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, field, mark, moment, noteAt } from "./parts.js";

const STANDING = "standing";
const TEXTS = "texts";

/** Green or red before anything else: what the cabinet found when it looked at itself this morning. */
export function morning(view) {
  const { at, is_due: isDue, good, bad } = view.snapshot.self_check;
  if (!isDue && !at) return null;
  const look = isDue ? ["amber", "clock", view.say("check.due")] : bad.length ? ["red", "warning", view.say("check.red", { count: bad.length })] : ["soft", "check", view.say("check.green")];
  return h(
    "section",
    { class: "card", "data-testid": "self-check", "data-key": "self-check" },
    h("p", { class: "marks" }, h("b", {}, view.say("check.title")), mark(...look), at && h("span", { class: "details" }, moment(at))),
    !isDue && bad.length > 0 && h("ul", { class: "lines" }, bad.map((line) => h("li", { class: "line", "data-testid": `check-${line}`, "data-key": line }, h("b", {}, view.say(`check.line.${line}`)), h("span", {}, view.say(`check.do.${line}`))))),
    !isDue && bad.length > 0 && good.length > 0 && h("p", { class: "details" }, view.say("check.good", { list: good.map((line) => view.say(`check.line.${line}`)).join(", ") })),
  );
}

const formOf = (act, testid, ...children) => h("form", { class: "look", "data-act": act, "data-testid": testid, "data-key": testid }, children);

/** For a leader: take the cabinet out of use for a move, serve again elsewhere, or end it. */
export function standing(view) {
  const { me, standing: now } = view.snapshot;
  if (me.role !== "leader" && now.stage === "open") return null;
  const isDisabled = view.local.busy.has(STANDING);
  const steps = {
    open: () => [
      button({ act: "relocation-start", testid: "relocation-start", isDisabled, of: { where: STANDING } }, icon("arrow"), view.say("standing.start")),
      view.local.isRetiring
        ? formOf("retirement", "retirement", h("p", {}, view.say("standing.retire.lead")), field(view.say("standing.retire.id"), "cabinet", "retirement-id", { required: true }), h("button", { class: "button is-warning", "data-testid": "retirement-submit", disabled: isDisabled }, view.say("standing.retire")))
        : button({ act: "retirement-ask", testid: "retirement-ask", look: "is-small" }, view.say("standing.retire")),
    ],
    moving: () => [
      h("p", {}, view.say(now.is_checked ? "standing.checked" : "standing.unchecked")),
      now.is_checked && formOf("relocation-finish", "relocation-finish", field(view.say("standing.address"), "address", "relocation-address", { required: true, minlength: 3, maxlength: 40 }), h("button", { class: "button is-primary", "data-testid": "relocation-submit", disabled: isDisabled }, view.say("standing.finish"))),
    ],
    retired: () => null,
  };
  return h(
    "section",
    { class: "card", "data-testid": "standing", "data-key": "standing" },
    h("h2", {}, view.say("standing.title")),
    h("p", { class: "details" }, view.say(`standing.${now.stage}`), now.since && ` · ${moment(now.since)}`, now.by && ` · ${now.by}`),
    me.role === "leader" && steps[now.stage](),
    noteAt(view, STANDING),
  );
}

const stateOf = (view, one) => mark(one.state === "registered" ? "soft" : "amber", one.state === "registered" ? "check" : "clock", view.say(`texts.${one.state}`));

function counted(view, count) {
  if (!count) return null;
  const { most_segments: most } = view.local.texts;
  return [
    h("p", { class: "marks" }, mark(count.segments > most ? "red" : count.segments > 1 ? "amber" : "soft", "message", view.say("texts.count", { units: count.units, encoding: count.encoding, segments: count.segments }))),
    h("p", { class: "preview", "data-testid": "text-preview" }, count.preview),
    count.is_shortened && h("p", { class: "details" }, view.say("texts.shortened")),
  ];
}

function editor(view, one) {
  const where = TEXTS;
  const isDisabled = view.local.busy.has(where);
  const key = `text-${one.name}-${one.language}`;
  const { problem } = view.local;
  return h(
    "form",
    { class: "second", "data-act": "text-change", "data-testid": "text-editor", "data-key": key },
    h("h3", {}, view.say(`text.${one.name}`, { otherwise: one.name }), ` · ${one.language.toUpperCase()}`),
    h("label", { class: "field", "data-key": `${key}-label` }, h("span", {}, view.say("texts.pattern")), h("textarea", { name: "pattern", rows: 5, maxlength: 600, "data-testid": "text-pattern", "data-key": `${key}-pattern` }, one.pattern)),
    h("p", { class: "details" }, view.say("texts.required", { list: one.required.map((name) => `{${name}}`).join(" ") || "–" })),
    problem ? h("p", { class: "note", role: "alert", "data-testid": "text-problem" }, icon("warning"), h("span", {}, view.say(`texts.problem.${problem.reason}`, { list: problem.names.map((name) => `{${name}}`).join(" "), otherwise: view.say("problem.unknown") }))) : counted(view, view.local.count ?? one),
    noteAt(view, where),
    h(
      "div",
      { class: "buttons" },
      h("button", { class: "button is-primary", "data-testid": "text-save", disabled: isDisabled || Boolean(problem) }, view.say("texts.save")),
      one.is_own && button({ act: "text-restore", testid: "text-restore", isDisabled, of: { where } }, icon("undo"), view.say("texts.restore")),
      button({ act: "text-close", testid: "text-close" }, view.say("place.close")),
    ),
    view.local.texts.needs_registration && one.state === "draft" &&
      h("div", { class: "row" }, h("input", { name: "template", "aria-label": view.say("texts.template"), placeholder: view.say("texts.template"), "data-testid": "text-template" }), button({ act: "text-register", testid: "text-register", look: "is-small", isDisabled, of: { where } }, view.say("texts.register"))),
  );
}

/** For a leader: every message in both languages, worded by the unit itself. */
export function texts(view) {
  if (view.snapshot.me.role !== "leader") return null;
  const { texts: known, edited } = view.local;
  const one = known?.texts.find((each) => `${each.name}.${each.language}` === edited);
  return h(
    "section",
    { class: "card", "data-testid": "texts", "data-key": "texts" },
    h("h2", {}, view.say("texts.title")),
    !known && button({ act: "texts-show", testid: "texts-show" }, icon("message"), view.say("texts.show")),
    one && editor(view, one),
    known &&
      !one &&
      h(
        "ul",
        { class: "lines" },
        known.texts.map((each) =>
          h(
            "li",
            { class: "line", "data-key": `${each.name}.${each.language}` },
            button({ act: "text-edit", testid: `text-${each.name}-${each.language}`, look: "is-small", of: { text: `${each.name}.${each.language}` } }, `${each.language.toUpperCase()} · ${view.say(`text.${each.name}`, { otherwise: each.name })}`),
            each.is_own && mark("soft", "person", view.say("texts.own")),
            known.needs_registration && stateOf(view, each),
          ),
        ),
      ),
  );
}
