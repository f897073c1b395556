// The kiosk page: it draws the screen that is due, and passes on what the person does.

import { morph } from "../shared/dom.js";
import { loadWords, readablePhone } from "../shared/words.js";
import { ACTS } from "./acts.js";
import * as entry from "./entry.js";
import { followService } from "./following.js";
import * as handing from "./handing.js";
import * as intake from "./intake.js";
import { listen } from "./keyboard.js";
import * as lost from "./lost.js";
import { scan } from "./scans.js";
import { CLEARS_MS, IDLE_MS, THANKS_MS } from "./screens.js";
import { loudspeaker, speak, startVoice } from "./speaking.js";
import { bare, standstill } from "./standstill.js";
import { drawBy, due, holdSending, isIdle, local, now, seen, startOver, visit } from "./state.js";
import * as status from "./status.js";
import * as topics from "./topics.js";
import { typeDigit } from "./typing.js";
import { leave } from "./visit.js";
import { voice } from "./voice.js";

const DRAW = {
  ...entry,
  ...handing,
  ...lost,
  ...status.screens,
  ...topics.screens,
  voice,
  "left-open": handing.leftOpen,
  ...Object.fromEntries(Object.entries(intake).map(([name, paint]) => [`intake-${name}`, paint])),
  "intake-left-open": intake.leftOpen,
  starting: standstill("starting"),
  "safe-mode": standstill("safe-mode"),
  "read-only": standstill("read-only"),
  fault: standstill("fault"),
  moving: standstill("moving"),
  retired: standstill("retired"),
  lost: standstill("lost"),
};

const page = document.getElementById("page");
const announcer = document.getElementById("announcer");
const say = await loadWords("/static/kiosk/words", ["vi", "en"]);
let shown = "";

function view() {
  const at = now();
  const seconds = (value) => Math.max(0, Math.ceil(value - (at - seen.at) / 1000));
  const present = visit();
  return {
    snapshot: seen.snapshot,
    local,
    now: at,
    say: say(local.language),
    seconds,
    visit: present,
    visitLeft: present ? Math.min(seconds(present.idle_seconds_left), clearsIn(at)) : 0,
    entryLeft: Math.max(0, Math.ceil((local.touchedAt + IDLE_MS - at) / 1000)),
    hotline: readablePhone(seen.snapshot?.hotline ?? ""),
  };
}

// Nobody touches the screen after the last door: it is cleared before the next person comes. Listening takes longer.
function clearsIn(at) {
  if (local.touchedAt > seen.closedAt || local.isVoice) return Infinity;
  return Math.max(0, Math.ceil((seen.closedAt + CLEARS_MS - at) / 1000));
}

function draw() {
  const name = due();
  if (name === "end" && shown !== "end") local.thanksUntil = now() + THANKS_MS;
  const paint = seen.snapshot === null || name === "barred" ? bare(name) : DRAW[name];
  const wanted = paint(view());
  const root = document.documentElement;
  root.lang = local.language;
  root.classList.toggle("is-large", local.isLarge);
  root.classList.toggle("is-contrast", local.isContrast);
  if (local.isVoice && !local.isLit) root.dataset.dark = say(local.language)("voice.dark");
  else delete root.dataset.dark;
  if (page.firstChild) morph(page.firstChild, wanted);
  else page.append(wanted);
  if (local.isVoice) speak(page, announcer, say, name);
  else if (name !== shown) {
    announcer.textContent = page.querySelector("h1, .is-huge strong")?.textContent ?? "";
  }
  shown = name;
}

const beginVoice = () => startVoice(page, () => speak(page, announcer, say, due(), true));

function tick() {
  if (local.isVoice && loudspeaker.isSpeaking) local.touchedAt = now();
  const name = due();
  if (name === "closed" && clearsIn(now()) <= 0) leave();
  if (name === "end" && shown === "end" && now() >= local.thanksUntil) leave();
  if (name === "wait" && now() >= local.waitUntil) local.step = local.second ? "second" : "code";
  if (!visit() && !local.isBusy && isIdle() && name !== "wait") startOver();
  draw();
}

function act(element) {
  if (element.disabled) return;
  loudspeaker.stop();
  if (local.isVoice && element.dataset.act === "digit") loudspeaker.tick();
  local.touchedAt = now();
  const does = element.dataset.act === "voice-on" ? beginVoice : ACTS[element.dataset.act];
  does({ ...element.dataset });
  draw();
}

// Says whether the key chose something, instead of being typed.
function press(key) {
  const element = page.querySelector(`[data-keypad="${CSS.escape(key)}"]`);
  if (element) {
    act(element);
    if (element.dataset.act === "intake") local.leavingAt = now();
    return element.dataset.act !== "digit";
  }
  const name = due();
  if (!/^\d$/.test(key) || (name !== "idle" && name !== "end")) return false;
  if (name === "end") leave();
  local.touchedAt = now();
  typeDigit(key);
  draw();
  return false;
}

drawBy(draw);
followService();
listen({ onKey: press, onHold: beginVoice, onScan: scan, onSign: holdSending });
document.addEventListener("click", (event) => {
  const element = event.target.closest("[data-act]");
  if (local.isVoice && !local.isLit) local.isLit = true;
  else if (element) act(element);
  draw();
});
document.addEventListener("contextmenu", (event) => event.preventDefault());
setInterval(tick, 500);
draw();
