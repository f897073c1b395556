// What every screen has around it: the office, the time, the language, the hotline, a countdown, the clerk's number.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";

/** A button: `act` is what it does, `keypad` the key of the hardware keypad that does the same. */
export function button({ act, keypad, testid, look = "", isDisabled = false, of = {} }, ...children) {
  const more = Object.fromEntries(Object.entries(of).map(([name, value]) => [`data-${name}`, value]));
  return h(
    "button",
    {
      type: "button",
      class: `button ${look}`.trim(),
      "data-act": act,
      "data-keypad": keypad,
      "data-testid": testid,
      "data-key": testid,
      disabled: isDisabled,
      ...more,
    },
    children,
  );
}

/** The key of the hardware keypad as a small drawn key. */
export const keycap = (key) => h("kbd", { class: "keycap", "aria-hidden": "true" }, key === "Enter" ? "⏎" : key);

/** The number to call, in its own line, easy to read to somebody on the phone. */
export const callLine = (view) =>
  h("p", { class: "call" }, icon("phone"), h("span", {}, view.say("hotline")), h("strong", {}, view.hotline));

function clockText(view) {
  const { clock, time } = view.snapshot;
  return clock === "unset" ? view.say("clock.unset") : time.slice(11, 16);
}

function languages(view) {
  const choice = (language, name) =>
    h(
      "button",
      {
        type: "button",
        "data-act": "language",
        "data-language": language,
        "data-testid": `language-${language}`,
        "aria-pressed": String(view.local.language === language),
        lang: language,
      },
      view.local.language === language && icon("check"),
      name,
    );
  return h("div", { class: "languages", role: "group", "aria-label": view.say("language") }, choice("vi", "VI"), choice("en", "EN"));
}

/** Large letters and high contrast, at a touch on every screen. */
function looks(view) {
  const choice = (act, isOn, face) =>
    h(
      "button",
      { type: "button", "data-act": act, "data-testid": `look-${act}`, "aria-pressed": String(isOn), "aria-label": view.say(`look.${act}`) },
      face,
    );
  return h(
    "div",
    { class: "looks", role: "group", "aria-label": view.say("look") },
    choice("large", view.local.isLarge, "A+"),
    choice("contrast", view.local.isContrast, icon("contrast")),
  );
}

export function header(view) {
  const { office, address, is_training: isTraining } = view.snapshot;
  return h(
    "header",
    { class: isTraining ? "header is-training" : "header" },
    h("p", { class: "office" }, h("strong", {}, office[view.local.language] || office.vi), isTraining ? h("span", { "data-testid": "training" }, view.say("training")) : h("span", {}, `${view.say("cabinet")} · ${address}`)),
    presence(view),
    h("p", { class: "time", "data-testid": "clock" }, clockText(view)),
    looks(view),
    languages(view),
  );
}

// The clerk's number, at the top of any screen, only while a clerk has asked for it.
function presence(view) {
  const asked = view.snapshot.presence_number;
  const left = asked ? view.seconds(asked.seconds_left) : 0;
  if (!asked || left <= 0) return null;
  return h(
    "aside",
    { class: "presence", "data-testid": "presence-number", "data-key": "presence" },
    h("span", {}, view.say("presence"), h("small", {}, view.say("presence.left", { seconds: left }))),
    h("strong", {}, asked.number),
  );
}

// Where digits are typed, any of them is a sign of life, and 9 is one of them.
const moreTime = (view, isTyping) =>
  button({ act: "more-time", keypad: isTyping ? undefined : "9", testid: "more-time", look: "is-quiet" }, !isTyping && keycap("9"), view.say("more-time"));

/** The lower edge: hotline, what is counting down, and up to two quiet buttons. */
export function footer(view, { countdown = 0, canHaveMore = false, isTyping = false, buttons = [] } = {}) {
  return h(
    "footer",
    { class: "footer" },
    callLine(view),
    countdown > 0 &&
      h(
        "p",
        { class: countdown <= 20 ? "countdown is-short" : "countdown", "data-testid": "countdown" },
        icon("clock"),
        view.say("countdown", { seconds: countdown }),
      ),
    canHaveMore && countdown <= 30 && moreTime(view, isTyping),
    buttons,
  );
}

/** A whole screen. `name` is its test id and the hook of its style. */
export function screen(name, view, content, foot = {}) {
  const main = h("main", { class: "main", tabindex: view.local.isLarge ? "0" : null }, content);
  const isTyping = main.querySelector(".keypad") !== null;
  return h("div", { class: `screen screen-${name}`, "data-testid": `screen-${name}`, "data-key": name }, header(view), main, footer(view, { ...foot, isTyping }));
}
