// Help, as a tree that needs no network: what can be done, questions and their answers, the house rules.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, callLine, keycap, screen } from "./frame.js";
import { callMe } from "./lost.js";
import { hoursLine } from "./wall.js";

const TOPICS = ["where", "stuck", "other", "late", "wrong", "inside"];
const ICONS = { where: "message", stuck: "door", other: "person", late: "clock", wrong: "warning", inside: "envelope" };

const back = (view, act, key = "help.back") => button({ act, keypad: "*", testid: "back", look: "is-quiet" }, keycap("*"), view.say(key));
const choice = (view, { act, keypad, testid, symbol, key, of, isOn }) =>
  button({ act, keypad, testid, look: "is-answer", of }, keycap(keypad), symbol && icon(symbol), h("span", {}, view.say(key)), isOn && icon("check"));

function help(view) {
  const { isLarge, isContrast } = view.local;
  const hasRules = (view.snapshot.rules?.[view.local.language] ?? []).length > 0;
  return screen(
    "help",
    view,
    [
      h("h1", {}, view.say("help.title")),
// In the order of their keys, so that the eye finds the key of a wish at once.
      h("div", { class: "answers is-two" }, [
        choice(view, { act: "lost", keypad: "2", testid: "lost-code", symbol: "message", key: "help.lost" }),
        choice(view, { act: "ask", keypad: "3", testid: "help-ask", symbol: "search", key: "help.ask" }),
        view.snapshot.has_voice && choice(view, { act: "voice-on", keypad: "5", testid: "help-voice", symbol: "phone", key: "help.voice" }),
        choice(view, { act: "large", keypad: "6", testid: "help-large", key: "look.large", isOn: isLarge }),
        choice(view, { act: "contrast", keypad: "7", testid: "help-contrast", symbol: "contrast", key: "look.contrast", isOn: isContrast }),
        choice(view, { act: "topics", keypad: "8", testid: "help-topics", symbol: "help", key: "help.topics" }),
        hasRules && choice(view, { act: "topic", keypad: "9", testid: "help-rules", symbol: "check", key: "help.rules", of: { topic: "rules" } }),
      ]),
      h("div", { class: "pair" }, callMe(view, "4")),
    ],
    {
      countdown: view.entryLeft,
      buttons: [
        button({ act: "other-language", keypad: "1", testid: "help-language", look: "is-quiet" }, keycap("1"), h("span", { lang: view.local.language === "vi" ? "en" : "vi" }, view.say("help.language"))),
        back(view, "back"),
      ],
    },
  );
}

function topics(view) {
  return screen(
    "topics",
    view,
    [
      h("h1", {}, view.say("help.topics")),
      h(
        "div",
        { class: "answers" },
        TOPICS.map((topic, at) =>
          choice(view, { act: "topic", keypad: String(at + 1), testid: `topic-${topic}`, symbol: ICONS[topic], key: `help.${topic}`, of: { topic } }),
        ),
      ),
    ],
    { countdown: view.entryLeft, canHaveMore: true, buttons: [back(view, "help")] },
  );
}

function topic(view) {
  const name = view.local.topic;
  const own = name === "rules" && (view.snapshot.rules?.[view.local.language] ?? []);
  return screen(
    "topic",
    view,
    [
      icon(ICONS[name] ?? "check"),
      h("h1", {}, view.say(`help.${name}`)),
      own ? h("ul", { class: "rules" }, own.map((line) => h("li", {}, line))) : h("p", { class: "lead" }, view.say(`help.${name}.how`, { hotline: view.hotline })),
      own && hoursLine(view),
      callLine(view),
    ],
    { countdown: view.entryLeft, canHaveMore: true, buttons: [back(view, name === "rules" ? "help" : "topics")] },
  );
}

export const screens = { help, topics, topic };
