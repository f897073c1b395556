// Loading: the door that is open now, the scan box, the round, and what waits to be loaded.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { moving } from "./moving.js";
import { papers } from "./papers.js";
import { button, day, dossier, mark, noteAt, secondAt } from "./parts.js";
import { plan } from "./plan.js";
import { morning } from "./unit.js";

function doors(view) {
  return view.snapshot.grants.map(({ compartment, purpose, is_opened: isOpened, hand_over: hand }) => {
    const key = `door.${purpose}.${isOpened ? "open" : "opening"}`;
    return h(
      "div",
      { class: `door-panel is-${purpose}${isOpened ? " is-open" : ""}`, "data-testid": "door-panel", "data-key": `door-${compartment}`, role: "status" },
      h("p", { class: "door-place" }, view.say("compartment"), h("strong", { "data-testid": "door-number" }, compartment)),
      h("p", { class: "door-task" }, view.say(key)),
      purpose === "load" && isOpened && hand && button({ act: "shut", testid: `shut-${compartment}`, look: "is-small", of: { hand, where: `door:${compartment}` } }, view.say("door.is-shut")),
      noteAt(view, `door:${compartment}`),
    );
  });
}

const asked = (view) =>
  view.snapshot.asked.map(({ hand_over: hand, compartment }) => {
    const where = `asked:${hand}`;
    const isDisabled = view.local.busy.has(where);
    return h(
      "div",
      { class: "card is-question", "data-testid": `asked-${hand}`, "data-key": `asked-${hand}` },
      h("h2", {}, view.say("asked.title", { number: compartment })),
      h("p", {}, view.say("asked.lead")),
      h(
        "div",
        { class: "buttons" },
        button({ act: "did-open", testid: `asked-yes-${hand}`, isDisabled, of: { hand, opened: "yes", where } }, view.say("asked.yes")),
        button({ act: "did-open", testid: `asked-no-${hand}`, isDisabled, of: { hand, opened: "no", where } }, view.say("asked.no")),
        view.snapshot.in_cabinet.some((one) => one.hand_over === hand && one.stage === "loading") &&
          button({ act: "give-up-load", testid: `asked-give-up-${hand}`, isDisabled, of: { hand, where } }, view.say("asked.give-up"), h("kbd", {}, "F7")),
      ),
      noteAt(view, where),
    );
  });

function candidates(view) {
  if (!view.local.candidates.length) return null;
  const known = new Map(view.snapshot.to_load.map((one) => [one.result, one]));
  return h(
    "div",
    { class: "candidates", "data-testid": "candidates" },
    h("p", {}, view.say("scan.candidates")),
    view.local.candidates.map((id) =>
      button({ act: "load", testid: `candidate-${id}`, look: "is-line", of: { results: id, where: "scan" } }, dossier(known.get(id)?.dossier ?? id), known.get(id)?.name ?? ""),
    ),
  );
}

const scan = (view) =>
  h(
    "form",
    { class: "card scan", "data-act": "scan", "data-key": "scan" },
    h("label", { for: "scan-box" }, h("b", {}, icon("scan"), view.say("scan.title")), h("kbd", {}, "F2"), h("span", {}, view.say("scan.label"))),
    h(
      "div",
      { class: "row" },
      h("input", { id: "scan-box", name: "scan", "data-testid": "scan-box", autocomplete: "off", autocapitalize: "characters", spellcheck: "false" }),
      h(
        "select",
        { name: "size", "aria-label": view.say("scan.size"), "data-testid": "scan-size" },
        h("option", { value: "" }, `${view.say("scan.size")}: ${view.say("scan.size.auto")}`),
        ["S", "M", "L"].map((size) => h("option", { value: size }, `${view.say("scan.size")} ${size}`)),
      ),
      h("button", { class: "button is-primary", "data-testid": "scan-submit", disabled: view.local.busy.has("scan") }, view.say("scan.submit")),
    ),
    noteAt(view, "scan"),
    candidates(view),
  );

function round(view) {
  const { round: open } = view.snapshot;
  if (!open) return noteAt(view, "round");
  const left = view.seconds(open.closes_in_seconds);
  const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  return h(
    "div",
    { class: "card round", "data-testid": "round", "data-key": "round" },
    h("p", {}, h("b", {}, view.say("round.open", { count: open.loaded })), h("span", {}, view.say("round.timer", { time }))),
    button({ act: "close-round", testid: "round-close", look: "is-primary", isDisabled: view.local.busy.has("round"), of: { where: "round" } }, icon("check"), view.say("round.close"), h("kbd", {}, "F9")),
    noteAt(view, "round"),
  );
}

function result(view, one) {
  const where = `result:${one.result}`;
  return h(
    "li",
    { class: one.is_loadable ? "item" : "item is-barred", "data-testid": `result-${one.result}`, "data-key": `result-${one.result}` },
    h(
      "div",
      { class: "what" },
      h("p", {}, dossier(one.dossier), h("span", { class: "name" }, one.name)),
      h(
        "p",
        { class: "details" },
        [view.say("items", { count: one.items }), one.size, one.reach === "low" && view.say("reach.low"), view.say("deadline", { date: day(one.deadline) }), one.phone].filter(Boolean).join(" · "),
      ),
      one.reason && mark("red", "cross", view.say(`reason.${one.reason}`)),
      one.flags.map((flag) => mark("amber", "warning", view.say(`flag.${flag}`, { otherwise: flag }))),
      noteAt(view, where),
      secondAt(view, where),
    ),
    one.is_loadable && button({ act: "load", testid: `load-${one.result}`, isDisabled: view.local.busy.has(where), of: { results: one.result, where } }, view.say("load.one")),
  );
}

function group(view, recipient, results) {
  if (results.length === 1) return result(view, results[0]);
  const where = `group:${recipient}`;
  return h(
    "li",
    { class: "bundle", "data-key": where },
    h(
      "div",
      { class: "bundle-head" },
      h("p", {}, icon("envelope"), view.say("bundle", { count: results.length })),
      button(
        { act: "load", testid: `load-together-${recipient}`, isDisabled: view.local.busy.has(where), of: { results: results.map((one) => one.result).join(" "), where } },
        view.say("load.together", { count: results.length }),
      ),
    ),
    noteAt(view, where),
    secondAt(view, where),
    h("ul", {}, results.map((one) => result(view, one))),
  );
}

function toLoad(view) {
  const ready = new Map();
  for (const one of view.snapshot.to_load.filter((each) => each.is_loadable)) {
    ready.set(one.recipient, [...(ready.get(one.recipient) ?? []), one]);
  }
  const barred = view.snapshot.to_load.filter((one) => !one.is_loadable);
  const count = view.snapshot.to_load.length - barred.length;
  return h(
    "section",
    { class: "card", "data-key": "to-load" },
    h("h2", {}, view.say("to-load.title"), h("span", { class: "count" }, count)),
    count === 0 && h("p", { class: "none" }, view.say("to-load.none")),
    h("ul", { class: "items", "data-testid": "to-load" }, [...ready].map(([recipient, results]) => group(view, recipient, results))),
    barred.length > 0 && [h("h3", {}, view.say("to-load.not-yet"), h("span", { class: "count" }, barred.length)), h("ul", { class: "items" }, barred.map((one) => result(view, one)))],
  );
}

/** For an elder who wants to try it: a code that opens an empty door once. */
function practice(view) {
  const { practice: made } = view.snapshot;
  return h(
    "section",
    { class: "card", "data-key": "practice" },
    h("h2", {}, view.say("practice.title")),
    made && h("p", { class: "round", "data-testid": "practice-code" }, h("b", {}, made.code), ` · ${view.say("practice.for", { number: made.compartment, minutes: Math.ceil(view.seconds(made.seconds_left) / 60) })}`),
    h("p", { class: "details" }, view.say("practice.how")),
    button({ act: "practice", testid: "practice", isDisabled: view.local.busy.has("practice"), of: { where: "practice" } }, view.say("practice.make")),
    noteAt(view, "practice"),
  );
}

export const work = (view) =>
  h("div", { class: "column column-work", "data-key": "work" }, doors(view), asked(view), moving(view), plan(view), morning(view), scan(view), secondAt(view, "scan"), round(view), papers(view), toLoad(view), practice(view));
