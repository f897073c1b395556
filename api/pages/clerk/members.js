// For a leader: who works here, taking somebody in, another second factor, locking and unlocking.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, field, mark, noteAt } from "./parts.js";

const WHERE = "members";
const ROLES = ["clerk", "leader", "technician"];
const PATHS = { renew: (user) => `members/${user}/second-factor`, unlock: (user) => `members/${user}/unlock` };

const proof = (view) => [
  h("p", { class: "details" }, view.say("members.proof")),
  field(view.say("second.password"), "own", "member-own", { type: "password", required: true, autocomplete: "current-password" }),
  field(view.say("second.code"), "code", "member-code", { autocomplete: "one-time-code", required: true }),
];

const ends = (view, name) =>
  h(
    "div",
    { class: "buttons" },
    h("button", { class: "button is-primary", "data-testid": "member-submit", disabled: view.local.busy.has(WHERE) }, view.say(name)),
    button({ act: "member-cancel", testid: "member-cancel" }, view.say("cancel")),
  );

const newcomer = (view) =>
  h(
    "form",
    { class: "second", "data-act": "member-add", "data-testid": "member-form", "data-key": "member-add" },
    h("h3", {}, view.say("members.add")),
    field(view.say("members.name"), "name", "member-name", { required: true, maxlength: 80 }),
    field(view.say("members.user"), "user", "member-user", { required: true, pattern: "[a-z][a-z0-9.\\-]{1,29}", autocapitalize: "none", spellcheck: "false" }),
    h("label", { class: "field", "data-key": "member-role" }, h("span", {}, view.say("members.role")), h("select", { name: "role", "data-testid": "member-role" }, ROLES.map((role) => h("option", { value: role }, view.say(`role.${role}`))))),
    field(view.say("members.password"), "password", "member-password", { type: "password", minlength: 12, maxlength: 128, required: true, autocomplete: "new-password" }),
    proof(view),
    ends(view, "members.add"),
  );

const confirmation = (view, act, one) =>
  h("form", { class: "second", "data-act": "member-confirm", "data-testid": "member-form", "data-key": `member-${act}-${one.user}` }, h("h3", {}, view.say(`members.${act}`), ` · ${one.name}`), act === "renew" && field(view.say("members.password.anew"), "password", "member-password", { type: "password", minlength: 12, maxlength: 128, autocomplete: "new-password" }), proof(view), ends(view, `members.${act}`));

/** Shown once, with the person beside the leader: it is in no snapshot and gone when it is put away. */
const credentials = (view, made) =>
  h(
    "div",
    { class: "second credentials", "data-testid": "credentials", "data-key": "credentials" },
    h("h3", {}, `${made.name} · ${made.user}`),
    h("p", {}, view.say("members.scan")),
    h("img", { class: "square", src: made.picture, alt: view.say("members.picture"), "data-testid": "credentials-picture" }),
    h("p", { class: "details" }, view.say("members.secret"), " ", h("code", {}, made.secret)),
    h("p", {}, view.say("members.recovery")),
    h("ol", { class: "recovery" }, made.recovery_codes.map((code) => h("li", {}, h("code", {}, code)))),
    h("div", { class: "buttons" }, button({ act: "print", testid: "credentials-print" }, view.say("members.print")), button({ act: "member-done", testid: "member-done", look: "is-primary" }, icon("check"), view.say("members.done"))),
  );

function row(view, one) {
  const isDisabled = view.local.busy.has(WHERE);
  const act = (name, look = "is-small") => button({ act: name, testid: `${name}-${one.user}`, look, isDisabled, of: { user: one.user, where: WHERE } }, view.say(`members.${name.slice("member-".length)}`));
  return h(
    "li",
    { class: "line", "data-testid": `member-${one.user}`, "data-key": `member-${one.user}` },
    h("b", {}, one.name),
    h("span", { class: "details" }, `${one.user} · ${view.say(`role.${one.role}`)}`),
    one.is_locked && mark("red", "lock", view.say("members.is-locked")),
    !one.is_me && h("span", { class: "acts" }, act("member-renew"), act("member-sign-out"), one.is_locked ? act("member-unlock") : act("member-lock")),
  );
}

export function members(view) {
  const { me, members: known } = view.snapshot;
  if (me.role !== "leader") return null;
  const { member } = view.local;
  const about = known.find((one) => one.user === member?.user);
  return h(
    "section",
    { class: "card", "data-testid": "members", "data-key": "members" },
    h("h2", {}, view.say("members.title"), h("span", { class: "count" }, known.length)),
    member?.made
      ? credentials(view, member.made)
      : [
          h("ul", { class: "lines" }, known.map((one) => row(view, one))),
          member?.act === "add" && newcomer(view),
          about && PATHS[member.act] && confirmation(view, member.act, about),
          !member && button({ act: "member-add", testid: "member-add" }, icon("person"), view.say("members.add")),
        ],
    noteAt(view, WHERE),
  );
}

export const memberActs = ({ local, perform }) => ({
  "member-add": () => (local.member = { act: "add" }),
  "member-renew": ({ user }) => (local.member = { act: "renew", user }),
  "member-unlock": ({ user }) => (local.member = { act: "unlock", user }),
  "member-lock": ({ user, where }) => perform(where, `members/${user}/lock`, {}, { good: "members.locked" }),
  "member-sign-out": ({ user, where }) => perform(where, `members/${user}/sessions/end`, {}, { good: "members.signed-out" }),
  "member-cancel": () => (local.member = null),
  "member-done": () => (local.member = null),
});

export const memberForms = ({ local, perform, draw }) => {
  const proved = ({ own, code }) => ({ password: own.value, code: code.value.trim() });
  const end = (made, elements) => {
    elements.code.value = "";
    if (made) local.member = made.secret ? { made } : null;
    draw();
  };
  return {
    "member-add": async ({ elements }) => {
      const { name, user, role, password } = elements;
      const asked = { name: name.value.trim(), user: user.value.trim(), role: role.value, password: password.value, leader: proved(elements) };
      end(await perform(WHERE, "members", asked), elements);
    },
    "member-confirm": async ({ elements }) => {
      const { act, user } = local.member;
      const password = elements.password?.value ? { password: elements.password.value } : {};
      end(await perform(WHERE, PATHS[act](user), { ...password, leader: proved(elements) }), elements);
    },
  };
};
