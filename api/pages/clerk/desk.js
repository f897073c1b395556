// Around the lists: the head with presence and the day's balance, the tabs of a phone, the shortcuts.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, noteAt } from "./parts.js";

export const TABS = ["work", "inside", "cabinet", "matters", "office"];
const TAB_ICONS = { work: "scan", inside: "envelope", cabinet: "door", matters: "warning", office: "person" };

export function languages(view) {
  const choice = (language, name) =>
    h(
      "button",
      { type: "button", "data-act": "language", "data-language": language, "data-testid": `language-${language}`, "aria-pressed": String(view.local.language === language), lang: language },
      name,
    );
  return h("div", { class: "languages", role: "group", "aria-label": view.say("language") }, choice("vi", "VI"), choice("en", "EN"));
}

// A cabinet that does not serve yet says so by a problem; anything else is a line that broke.
const standstill = (view, otherwise) => (view.local.standstill ? `state.${view.local.standstill}` : otherwise);

export const connecting = (view) =>
  h("main", { class: "alone", "data-testid": "screen-connecting", "data-key": "connecting" }, h("p", {}, view.say(standstill(view, "connecting"))));

export function presence(view) {
  if (view.snapshot.me.is_present) {
    return h("p", { class: "chip is-present", "data-testid": "is-present", "data-key": "is-present" }, icon("check"), view.say("presence.is"));
  }
  return button({ act: "presence", testid: "presence-start", look: "is-warning", of: { where: "presence" } }, icon("person"), view.say("presence.start"), h("kbd", {}, "F8"));
}

function balance(view) {
  const { today } = view.snapshot;
  const part = (key) => h("li", {}, h("b", { "data-testid": `today-${key}` }, today[key]), " ", view.say(`today.${key}`));
  return h("ul", { class: "balance", "aria-label": view.say("today") }, ["loaded", "collected", "reclaimed", "inside"].map(part));
}

export const head = (view) =>
  h(
    "header",
    { class: view.snapshot.is_training ? "head is-training" : "head", "data-key": "head" },
    h("h1", { class: "office" }, h("b", {}, view.snapshot.office[view.local.language] || view.snapshot.office.vi), h("span", {}, view.say("title"))),
    balance(view),
    h("p", { class: "time" }, view.snapshot.time.slice(11, 16)),
    presence(view),
    languages(view),
    h(
      "p",
      { class: "me" },
      h("span", {}, view.snapshot.me.name, h("small", {}, view.say(`role.${view.snapshot.me.role}`, { otherwise: view.snapshot.me.role }))),
      button({ act: "sign-out", testid: "sign-out", look: "is-small", of: { where: "head" } }, view.say("sign-out")),
    ),
  );

/** What concerns the whole page: a broken line, a cabinet that does not serve. */
export function banners(view) {
  const { state } = view.snapshot;
  return [
    view.snapshot.is_training && h("p", { class: "banner is-training", role: "status", "data-testid": "training", "data-key": "training" }, icon("help"), view.say("training")),
    view.local.isLost && h("p", { class: "banner", role: "status", "data-testid": "lost", "data-key": "lost" }, icon("offline"), view.say(standstill(view, "lost"))),
    state !== "ready" && h("p", { class: "banner is-red", role: "alert", "data-testid": `state-${state}`, "data-key": "state" }, icon("warning"), view.say(`state.${state}`)),
  ];
}

export function presencePanel(view) {
  if (!view.local.presence) return null;
  return h(
    "form",
    { class: "card presence", "data-act": "presence-number", "data-testid": "presence-panel", "data-key": "presence-panel", "aria-label": view.say("presence.title") },
    h("h2", {}, view.say("presence.title")),
    h("p", {}, view.say("presence.lead"), view.snapshot.panel.has_key && ` ${view.say("presence.key")}`),
    h(
      "div",
      { class: "row" },
      h("input", {
        name: "number",
        inputmode: "numeric",
        maxlength: 4,
        pattern: "[0-9]{4}",
        required: true,
        autocomplete: "off",
        "aria-label": view.say("presence.number"),
        "data-testid": "presence-number",
      }),
      h("button", { class: "button is-primary", "data-testid": "presence-submit", disabled: view.local.busy.has("presence") }, view.say("presence.submit")),
    ),
    noteAt(view, "presence"),
    h(
      "div",
      { class: "buttons" },
      button({ act: "presence", testid: "presence-again", of: { where: "presence" } }, view.say("presence.again")),
      button({ act: "presence-cancel", testid: "presence-cancel" }, view.say("cancel")),
    ),
  );
}

export function tabs(view) {
  const count = { work: view.snapshot.to_load.filter((one) => one.is_loadable).length + view.snapshot.intakes.length, inside: view.snapshot.in_cabinet.length, matters: view.snapshot.incidents.length };
  return h(
    "nav",
    { class: "tabs", "data-key": "tabs" },
    TABS.map((tab) =>
      h(
        "button",
        { type: "button", "data-act": "tab", "data-tab": tab, "data-testid": `tab-${tab}`, "aria-current": view.local.tab === tab ? "page" : null },
        icon(TAB_ICONS[tab]),
        h("span", {}, view.say(`tab.${tab}`), count[tab] ? h("b", {}, ` ${count[tab]}`) : null),
      ),
    ),
  );
}

export function shortcuts(view) {
  const one = (key, name) => h("li", {}, h("kbd", {}, key), view.say(`key.${name}`));
  return h("footer", { class: "shortcuts", "data-key": "shortcuts" }, h("ul", { "aria-label": view.say("keys") }, one("F2", "scan"), one("F4", "search"), one("F6", "papers"), one("F7", "give-up"), one("F8", "presence"), one("F9", "round")));
}
