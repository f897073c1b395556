// Coming in: name, password and code. Who has a password that somebody else typed chooses their own first.

import { h } from "../shared/dom.js";
import { post } from "../shared/requests.js";
import { languages } from "./desk.js";
import { button, field, noteAt } from "./parts.js";

const WHERE = "sign-in";
const FRESH = { type: "password", minlength: 12, maxlength: 128, required: true, autocomplete: "new-password" };

// The name and the first password were right; they stay in the form unseen, and go along. Six digits are good for half a
// minute, which is soon over while a password is thought of: they are typed last, and anew.
const own = (view) => [
  h("p", {}, view.say("sign-in.own")),
  h("p", { class: "details" }, view.say("account.rules")),
  field(view.say("account.wanted"), "wanted", "sign-in-wanted", FRESH),
  field(view.say("account.again"), "again", "sign-in-again", FRESH),
];

export function signIn(view) {
  const { isNewcomer, busy } = view.local;
  const words = isNewcomer ? "sign-in.own" : "sign-in";
  return h(
    "main",
    { class: "alone", "data-testid": "screen-sign-in", "data-key": "sign-in" },
    h(
      "form",
      { class: isNewcomer ? "card sign-in is-own" : "card sign-in", "data-act": "sign-in" },
      h("div", { class: "row" }, h("p", { class: "product" }, view.say("title")), languages(view)),
      h("h1", {}, view.say(`${words}.title`)),
      field(view.say("sign-in.user"), "user", "sign-in-user", { autocomplete: "username", autocapitalize: "none", required: true }),
      field(view.say("sign-in.password"), "password", "sign-in-password", { type: "password", autocomplete: "current-password", required: true }),
      isNewcomer && own(view),
      field(view.say(`${words}.code`), "code", "sign-in-code", { autocomplete: "one-time-code", autocapitalize: "characters", required: true }),
      noteAt(view, WHERE),
      h("button", { class: "button is-primary is-wide", "data-testid": "sign-in-submit", disabled: busy.has(WHERE) }, view.say(`${words}.submit`)),
      isNewcomer && button({ act: "sign-in-back", testid: "sign-in-back", look: "is-wide" }, view.say("cancel")),
    ),
  );
}

/** `enter(fields)` gives the member, or null where the form says why not; the acts are those of the form's buttons. */
export function entrance({ local, draw, at }, path) {
  const note = (key, values = {}) => (local.notes[WHERE] = { key, values });

  function refused({ slug, body, retryAfter }) {
    if (slug === "own-password-needed") {
      local.isNewcomer = true;
      return "sign-in-wanted";
    }
    if (slug === "weak-password") {
      note(`weak.${body.reason}`);
      return "sign-in-wanted";
    }
    if (slug === "not-allowed") note(local.isNewcomer ? "sign-in.own.refused" : "sign-in.refused");
    else note(`problem.${slug}`, { seconds: retryAfter });
    return "sign-in-code";
  }

  async function enter({ user, password, code, wanted, again }) {
    if (local.busy.has(WHERE)) return null;
    if (wanted?.value !== again?.value) {
      note("account.differ");
      draw();
      again.focus();
      return null;
    }
    local.busy.add(WHERE);
    delete local.notes[WHERE];
    draw();
    let member = null;
    let next = "";
    try {
      const chosen = wanted ? { wanted: wanted.value } : {};
      member = await post(path, { user: user.value.trim(), password: password.value, code: code.value.trim(), ...chosen });
      password.value = "";
      local.isNewcomer = false;
    } catch (problem) {
      next = refused(problem);
    }
    code.value = "";
    local.busy.delete(WHERE);
    draw();
    at(next)?.focus();
    return member;
  }

  const back = () => {
    local.isNewcomer = false;
    delete local.notes[WHERE];
    draw();
    at("sign-in-user")?.focus();
  };

  return { enter, acts: { "sign-in-back": back } };
}
