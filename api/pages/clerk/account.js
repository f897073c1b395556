// What members change about themselves: their password, and where they are signed in.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, field, mark, moment, noteAt } from "./parts.js";

const WHERE = "account";

const proof = (view) => [
  h("p", { class: "details" }, view.say("account.proof")),
  field(view.say("account.password.now"), "own", "account-own", { type: "password", required: true, autocomplete: "current-password" }),
  field(view.say("second.code"), "code", "account-code", { autocomplete: "one-time-code", required: true }),
];

const form = (view, act, title, about, ...children) =>
  h(
    "form",
    { class: "second", "data-act": act, "data-testid": "account-form", "data-key": act },
    h("h3", {}, title, about && ` · ${about}`),
    children,
    proof(view),
    h(
      "div",
      { class: "buttons" },
      h("button", { class: "button is-primary", "data-testid": "account-submit", disabled: view.local.busy.has(WHERE) }, title),
      button({ act: "account-cancel", testid: "account-cancel" }, view.say("cancel")),
    ),
  );

const fresh = { type: "password", minlength: 12, maxlength: 128, required: true, autocomplete: "new-password" };

const another = (view) =>
  form(
    view,
    "account-password",
    view.say("account.change"),
    "",
    h("p", { class: "details" }, view.say("account.rules"), " ", view.say("account.elsewhere")),
    field(view.say("account.wanted"), "wanted", "account-wanted", fresh),
    field(view.say("account.again"), "again", "account-again", fresh),
  );

const line = (view, one) =>
  h(
    "li",
    { class: "line", "data-testid": `session-${one.session}`, "data-key": `session-${one.session}` },
    h("b", {}, one.address || view.say("account.here")),
    h("span", { class: "details" }, view.say("account.since", { since: moment(one.since), last: moment(one.last_act) })),
    one.is_this && mark("soft", "check", view.say("account.this")),
    one.is_present && mark("soft", "person", view.say("account.present")),
    !one.is_this && h("span", { class: "acts" }, button({ act: "account-end", testid: `session-end-${one.session}`, look: "is-small", of: { session: one.session } }, view.say("account.end"))),
  );

function sessions(view, { sessions: found, ending }) {
  const others = found.filter((one) => !one.is_this);
  const named = others.find((one) => one.session === ending);
  return [
    h("ul", { class: "lines", "data-testid": "sessions" }, found.map((one) => line(view, one))),
    ending !== undefined && (ending === "" || named) && form(view, "account-end", view.say(named ? "account.end" : "account.end-others"), named?.address),
    ending === undefined && h(
      "div",
      { class: "buttons" },
      others.length > 0 && button({ act: "account-end", testid: "sessions-end", of: { session: "" } }, icon("lock"), view.say("account.end-others")),
      button({ act: "account-cancel", testid: "sessions-close" }, view.say("account.close")),
    ),
  ];
}

export function account(view) {
  const { account: shown } = view.local;
  return h(
    "section",
    { class: "card", "data-testid": "account", "data-key": "account" },
    h("h2", {}, view.say("account.title")),
    h("p", { class: "details" }, view.snapshot.me.name, " · ", view.snapshot.me.user),
    shown?.act === "password" && another(view),
    shown?.act === "sessions" && sessions(view, shown),
    !shown && h(
      "div",
      { class: "buttons" },
      button({ act: "account-password", testid: "account-password" }, icon("lock"), view.say("account.change")),
      button({ act: "account-sessions", testid: "account-sessions" }, icon("person"), view.say("account.sessions")),
    ),
    noteAt(view, WHERE),
  );
}

async function listed({ local, ask, draw }) {
  const found = await ask(WHERE, "account/sessions");
  if (found) local.account = { act: "sessions", sessions: found.sessions };
  draw();
}

export const accountActs = (desk) => ({
  "account-password": () => (desk.local.account = { act: "password" }),
  "account-sessions": () => listed(desk),
  "account-end": ({ session }) => (desk.local.account.ending = session),
  "account-cancel": () => (desk.local.account = null),
});

export const accountForms = (desk) => {
  const { local, perform, refuse, draw } = desk;
  const proved = ({ own, code }) => ({ password: own.value, code: code.value.trim() });
  return {
    "account-password": async ({ elements }) => {
      const { wanted, again, code } = elements;
      if (wanted.value !== again.value) {
        refuse(WHERE, "account.differ");
        again.focus();
        return;
      }
      const isDone = await perform(WHERE, "account/password", { wanted: wanted.value, own: proved(elements) }, { good: "account.changed" });
      code.value = "";
      if (isDone) local.account = null;
      draw();
    },
    "account-end": async ({ elements }) => {
      const session = local.account.ending || null;
      const isDone = await perform(WHERE, "account/sessions/end", { session, own: proved(elements) }, { good: "account.ended" });
      elements.code.value = "";
      if (isDone) await listed(desk);
      draw();
    },
  };
};
