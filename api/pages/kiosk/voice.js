// Voice mode: every screen read aloud from its own words, played from clips that were made or recorded beforehand.
// What a person types is never said: it only ticks.

import { h } from "../shared/dom.js";
import { lately } from "../shared/words.js";
import { button, keycap, screen } from "./frame.js";

const LARGEST_NUMBER = 200;
const SILENT = "svg, button, kbd, .groups, .keypad, .unsaid, .do > .number, [aria-hidden=true]";

// 10 is one clip, a phone number or a year is said digit by digit.
const numbers = (value) =>
  (String(value).match(/\d+/g) ?? []).flatMap((digits) =>
    digits.startsWith("0") || Number(digits) > LARGEST_NUMBER ? [...digits] : [digits],
  );

/** The clips that say this sentence; of one that is not in the words only its numbers. */
function clipsOf(sentence) {
  const known = lately(sentence);
  if (!known) return numbers(sentence).map((number) => `n-${number}`);
  const { key, pattern, values } = known;
  return pattern.split(/(\{\w+\})/).flatMap((part, at) => {
    if (at % 2 === 1) return numbers(values[part.slice(1, -1)] ?? "").map((number) => `n-${number}`);
    return /[\p{L}\d]/u.test(part) ? [`${key}.${at / 2}`] : [];
  });
}

function sentences(element) {
  const found = [];
  const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.nodeValue.trim();
    if (text) found.push(text);
  }
  return found;
}

const line = (texts) => ({ text: texts.join(" ").replace(/[^.?!…]$/, "$&."), clips: texts.flatMap(clipsOf) });

function keyLine(element, say) {
  const name = element.dataset.keypad;
  const key = { Enter: "voice.key.enter", "*": "voice.key.star" }[name] ?? "voice.key";
  const words = [...element.querySelectorAll("kbd")].length ? sentences(element).filter((text) => text !== name && text !== "⏎") : sentences(element);
  return line([...words, say(key, { key: name })]);
}

/** What is said of the screen on `page`, in order: `[{text, clips}]`. `isNoteOnly`: only what is new on it. */
export function spokenOf(page, say, { isNoteOnly = false } = {}) {
  const main = page.querySelector("main");
  const read = (element) => sentences(element).filter(Boolean);
  if (isNoteOnly) return [...main.querySelectorAll("[role=alert]")].map((note) => line(read(note)));
  const walk = document.createTreeWalker(main, NodeFilter.SHOW_TEXT, {
    acceptNode: (node) => (node.nodeValue.trim() && !node.parentElement.closest(SILENT) ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_REJECT),
  });
  const texts = [];
  while (walk.nextNode()) texts.push(line([walk.currentNode.nodeValue.trim()]));
  const keys = [...page.querySelectorAll("[data-keypad]:not([disabled])")].filter(
    (one) => !one.closest(".unsaid") && !["digit", "erase"].includes(one.dataset.act),
  );
  return [...texts, ...keys.map((one) => keyLine(one, say))];
}

/** The loudspeaker: `say(language, clips)` drops what is still being said; `tick()` is the sound of any digit. */
export function speech(folder) {
  const audio = new Audio();
  let queue = [];
  let isSpeaking = false;
  let tones = null;

  function next() {
    const source = queue.shift();
    isSpeaking = source !== undefined;
    if (!isSpeaking) return;
    audio.src = source;
    // A clip that is missing or cannot be played is passed over; the error event says so too.
    audio.play().catch(() => {});
  }
  audio.addEventListener("ended", next);
  audio.addEventListener("error", () => isSpeaking && next());

  function stop() {
    queue = [];
    isSpeaking = false;
    audio.pause();
  }

  return {
    stop,
    get isSpeaking() {
      return isSpeaking;
    },
    say(language, clips) {
      stop();
      queue = clips.map((clip) => `${folder}/${language}/${clip}.opus`);
      next();
    },
    tick() {
      tones ??= new AudioContext();
      const tone = tones.createOscillator();
      tone.frequency.value = 880;
      tone.connect(tones.destination);
      tone.start();
      tone.stop(tones.currentTime + 0.06);
    },
  };
}

/** The first screen of voice mode: what can be done, and by which keys. */
export function voice(view) {
  const choice = (act, keypad, testid, key) => button({ act, keypad, testid, look: "is-answer" }, keycap(keypad), h("span", {}, view.say(key)));
  return screen(
    "voice",
    view,
    [
      h("h1", {}, view.say("voice.title")),
      h("p", { class: "lead" }, view.say("voice.lead")),
      h("div", { class: "answers" }, [
        choice("collect", "1", "voice-collect", "voice.collect"),
        view.snapshot.intake?.is_offered && choice("intake", "2", "voice-intake", "voice.intake"),
        choice("lost", "3", "voice-lost", "voice.lost"),
        choice("other-language", "4", "voice-language", "voice.language"),
      ]),
    ],
    {
      countdown: view.entryLeft,
      buttons: [button({ act: "voice-off", keypad: "*", testid: "voice-off", look: "is-quiet" }, keycap("*"), view.say("voice.off"))],
    },
  );
}
