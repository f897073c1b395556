// The messages, as the unit words them: every one in both languages, with its count, for a leader.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, mark, noteAt } from "./parts.js";

const TEXTS = "texts";

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

const CLOSED = { edited: "", count: null, problem: null };

function editedText(local) {
  const [name, language] = local.edited.split(".");
  return { name, language };
}

const change = (desk) => async (where, path, more) => {
  const { local, perform } = desk;
  if (await perform(where, path, { ...editedText(local), ...more })) {
    Object.assign(local, CLOSED);
    await read(desk);
  }
};

const read = async ({ local, ask, draw }) => {
  local.texts = (await ask(TEXTS, "texts")) ?? local.texts;
  draw();
};

/** While somebody writes: what it would look like, and its count. */
export const preview = async ({ local, at, tryOut, draw }, pattern) => {
  const asked = local.edited;
  const { answer, problem } = await tryOut("texts/preview", { ...editedText(local), pattern });
  const said = problem && { reason: problem.slug === "text-unusable" ? problem.body.reason : problem.slug, names: problem.body.names ?? [] };
  if (local.edited === asked && at("text-pattern")?.value === pattern) Object.assign(local, { count: answer, problem: said });
  draw();
};

export const textActs = (desk) => ({
  "texts-show": () => read(desk),
  "text-edit": ({ text }) => Object.assign(desk.local, CLOSED, { edited: text }),
  "text-close": () => Object.assign(desk.local, CLOSED),
  "text-restore": ({ where }) => change(desk)(where, "texts/restore", {}),
  "text-register": ({ where }) => change(desk)(where, "texts/register", { provider_template: desk.at("text-template").value.trim() }),
});

export const textForms = (desk) => ({
  "text-change": ({ elements }) => change(desk)(TEXTS, "texts/change", { pattern: elements.pattern.value }),
});
