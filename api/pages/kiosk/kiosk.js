// The kiosk page: it follows the service, draws the screen that is due, and passes on what the person does.

import { morph } from "../shared/dom.js";
import { follow } from "../shared/live.js";
import { post } from "../shared/requests.js";
import { loadWords, readablePhone } from "../shared/words.js";
import * as entry from "./entry.js";
import * as handing from "./handing.js";
import { listen } from "./keyboard.js";
import * as lost from "./lost.js";
import { CODE_DIGITS, IDLE_MS, PHONE_DIGITS, SECOND_DIGITS, SLIP_DIGITS, THANKS_MS, doorOf, freshEntry, screenOf, visitOf } from "./screens.js";
import { bare, standstill } from "./standstill.js";

const PREFIX = "/api/kiosk";
const AUTO_SEND_MS = 150;
const ACCEPTED_MS = 5_000;
const NEXT_TRY_MS = 20_000;

const DRAW = {
  ...entry,
  ...handing,
  ...lost,
  "left-open": handing.leftOpen,
  starting: standstill("starting"),
  "safe-mode": standstill("safe-mode"),
  "read-only": standstill("read-only"),
  fault: standstill("fault"),
  lost: standstill("lost"),
};

const page = document.getElementById("page");
const announcer = document.getElementById("announcer");
const say = await loadWords("/static/kiosk/words", ["vi", "en"]);
const now = () => performance.now();

let snapshot = null;
let receivedAt = now();
let sendTimer = 0;
let shown = "";
const local = { ...freshEntry(), touchedAt: now(), leftVisit: "", lostAt: now(), isBarred: false };

const visit = () => visitOf(snapshot, local);
const due = () => screenOf(snapshot, local, now());

function startOver() {
  clearTimeout(sendTimer);
  Object.assign(local, freshEntry());
}

// --- drawing

function view() {
  const at = now();
  const seconds = (value) => Math.max(0, Math.ceil(value - (at - receivedAt) / 1000));
  const present = visit();
  return {
    snapshot,
    local,
    now: at,
    say: say(local.language),
    seconds,
    visit: present,
    visitLeft: present ? seconds(present.idle_seconds_left) : 0,
    entryLeft: Math.max(0, Math.ceil((local.touchedAt + IDLE_MS - at) / 1000)),
    hotline: readablePhone(snapshot?.hotline ?? ""),
  };
}

function draw() {
  const name = due();
  if (name === "end" && shown !== "end") local.thanksUntil = now() + THANKS_MS;
  const paint = snapshot === null || name === "barred" ? bare(name) : DRAW[name];
  const wanted = paint(view());
  document.documentElement.lang = local.language;
  if (page.firstChild) morph(page.firstChild, wanted);
  else page.append(wanted);
  if (name !== shown) {
    shown = name;
    announcer.textContent = page.querySelector("h1, .is-huge strong")?.textContent ?? "";
  }
}

function tick() {
  const name = due();
  if (name === "end" && shown === "end" && now() >= local.thanksUntil) leave();
  if (name === "wait" && now() >= local.waitUntil) local.step = local.second ? "second" : "code";
  if (!visit() && !local.isBusy && now() - local.touchedAt >= IDLE_MS && name !== "wait") startOver();
  draw();
}

// --- the code

function typeDigit(digit) {
  if (local.isBusy) return;
  if (local.step === "idle" || local.step === "end") local.step = "code";
  local.note = null;
  if (local.step === "second") {
    if (local.second.length < SECOND_DIGITS) local.second += digit;
    sendSoon(local.second.length === SECOND_DIGITS);
    return;
  }
  if (local.step === "paper") {
    if (local.paper.length < SECOND_DIGITS) local.paper += digit;
    sendSoon(local.paper.length === SECOND_DIGITS);
    return;
  }
  if (local.step === "phone") {
    if (local.phone.length < PHONE_DIGITS) local.phone += digit;
    return;
  }
  if (local.isStale) Object.assign(local, { typed: "", isStale: false });
  if (local.typed.length < CODE_DIGITS) local.typed += digit;
  sendSoon(local.typed.length === CODE_DIGITS);
}

// A short breath before sending by itself: a scan that is longer than a code must not be cut off in the middle.
function sendSoon(isComplete) {
  clearTimeout(sendTimer);
  if (isComplete) sendTimer = setTimeout(() => send(), AUTO_SEND_MS);
}

function erase() {
  if (local.isBusy) return;
  clearTimeout(sendTimer);
  local.note = null;
  local.isStale = false;
  if (local.step === "second") local.second = local.second.slice(0, -1);
  else if (local.step === "paper") local.paper = local.paper.slice(0, -1);
  else if (local.step === "phone") local.phone = local.phone.slice(0, -1);
  else local.typed = local.typed.slice(0, -1);
}

async function send(scanned = null) {
  clearTimeout(sendTimer);
  keyboard.forget();
  if (local.slip) return sendSlip();
  const digits = scanned ?? local.typed;
  const isShort = (local.step === "second" && local.second.length < SECOND_DIGITS) || (local.step === "paper" && local.paper.length < SECOND_DIGITS);
  if (local.isBusy || local.isStale || digits === "" || isShort) return;
  Object.assign(local, { isBusy: true, note: null });
  draw();
  try {
    await post(`${PREFIX}/codes`, { digits, second: local.second || null, paper: local.paper || null, visit: visit()?.visit ?? null });
    setTimeout(() => acceptedWithoutVisit(), ACCEPTED_MS);
  } catch (problem) {
    local.isBusy = false;
    local.touchedAt = now();
    refused(problem);
  }
  draw();
}

// The slip alone opens nothing: the first answer asks for the ID paper, or says that nothing waits for it.
async function sendSlip() {
  if (local.isBusy || (local.step === "paper" && local.paper.length < SECOND_DIGITS)) return;
  Object.assign(local, { isBusy: true, note: null });
  draw();
  try {
    await post(`${PREFIX}/slips`, { slip: local.slip, paper: local.paper || null });
    setTimeout(() => acceptedWithoutVisit(), ACCEPTED_MS);
  } catch (problem) {
    local.isBusy = false;
    local.touchedAt = now();
    refused(problem);
  }
  draw();
}

function scanSlip(slip) {
  clearTimeout(sendTimer);
  if (due() === "phone" || !snapshot.accepts_slips) {
    Object.assign(local, { step: "phone", phone: "", typed: "" });
    askForCode({ slip });
    return;
  }
  Object.assign(local, { step: "code", typed: "", slip, paper: "" });
  sendSlip();
}

// Whether anything waits for this number is told to nobody: every number gets the same answer.
async function askForCode(by = { phone: local.phone }) {
  if (local.isBusy || by.phone === "") return;
  Object.assign(local, { isBusy: true, note: null });
  draw();
  try {
    await post(`${PREFIX}/lost-code`, by);
    Object.assign(local, { step: "asked", phone: "" });
  } catch ({ slug }) {
    const key = slug === "phone-malformed" ? "malformed" : slug === "notices-offline" ? "offline.lead" : "unsent";
    local.note = { key: `lost-code.${key}` };
  }
  local.isBusy = false;
  local.touchedAt = now();
  draw();
}

// In a visit the number on record is called; where there is none, and outside of one, it is typed.
async function askForCall(body) {
  if (local.isBusy || body.phone === "") return;
  Object.assign(local, { isBusy: true, note: null });
  draw();
  try {
    const ticket = await post(`${PREFIX}/tickets`, { ...body, language: local.language });
    Object.assign(local, { ticket, phone: "", wantsCall: false });
  } catch ({ slug }) {
    const key = { "phone-malformed": "malformed", "tickets-full": "full" }[slug] ?? "unsent";
    local.note = { key: `ticket.${key}`, isTrouble: true };
  }
  local.isBusy = false;
  local.touchedAt = now();
  draw();
}

function callMe() {
  const present = visit();
  if (present) askForCall({ visit: present.visit });
  else Object.assign(local, { step: "phone", phone: "", wantsCall: true, note: null });
}

function ticketSeen() {
  local.ticket = null;
  if (!visit()) startOverKeeping(local.language);
}

// The snapshot with the visit comes by itself; should it not, the keypad must not stay locked.
function acceptedWithoutVisit() {
  if (!visit() && local.isBusy && local.step !== "idle") startOver();
  draw();
}

function refused({ slug, body, retryAfter }) {
  if (slug === "code-malformed") {
    const isStale = local.typed.length === CODE_DIGITS;
    Object.assign(local, { step: "code", second: "", isStale, note: { hint: body.hint, key: "code.malformed" } });
  } else if (slug === "code-refused") {
    Object.assign(local, { step: "code", typed: "", second: "", note: { key: "code.refused" } });
  } else if (slug === "slip-refused") {
    Object.assign(local, { step: "code", typed: "", slip: "", paper: "", note: { key: "slip.refused" } });
  } else if (slug === "paper-check-needed") {
    Object.assign(local, { step: "paper", paper: "" });
  } else if (slug === "paper-refused") {
    Object.assign(local, { step: "paper", paper: "", note: { key: body.tries_left ? "paper.refused" : "paper.over" } });
  } else if (slug === "second-check-needed") {
    Object.assign(local, { step: "second", second: "" });
  } else if (slug === "too-many-attempts") {
    Object.assign(local, { step: "wait", waitUntil: now() + Math.max(1, retryAfter) * 1000 });
  } else if (slug === "unreachable") {
    local.note = { key: "code.unsent" };
  } else if (slug === "board-offline" || slug === "bus-offline" || slug === "door-did-not-open") {
    const sorry = slug === "door-did-not-open" ? slug : "board-offline";
    Object.assign(local, { step: "sorry", sorry, waitUntil: now() + retryAfter * 1000 });
  } else {
    Object.assign(local, { step: "sorry", sorry: "unknown", waitUntil: now() + retryAfter * 1000 });
  }
}

// --- the visit

async function inVisit(what, body, after = () => {}) {
  const present = visit();
  if (local.isBusy || !present) return;
  Object.assign(local, { isBusy: true, note: null });
  draw();
  try {
    await post(`${PREFIX}/visits/${encodeURIComponent(present.visit)}/${what}`, body);
    after();
  } catch (problem) {
    notDone(problem);
  }
  local.isBusy = false;
  draw();
}

function notDone({ slug, retryAfter }) {
  if (slug === "door-did-not-open" || slug === "board-offline" || slug === "bus-offline") {
    const key = slug === "door-did-not-open" ? slug : "board-offline";
    local.note = { key: `sorry.${key}.lead`, isTrouble: true };
    local.waitUntil = now() + (retryAfter * 1000 || NEXT_TRY_MS);
  } else if (slug === "compartment-busy" || slug === "wrong-stage" || slug === "unknown-hand-over") {
    local.note = { key: slug === "compartment-busy" ? "answer.compartment-busy" : "answer.wrong-stage" };
  } else {
    local.note = { key: "answer.unsent" };
  }
}

function answered(said) {
  local.wrongFor = "";
  if (said === "received_all") local.thanksUntil = now() + THANKS_MS;
  if (said === "door_stayed_shut") local.note = { key: "sorry.door-did-not-open.lead", isTrouble: true };
}

function leave() {
  const present = visit();
  startOver();
  if (!present) return;
  local.leftVisit = present.visit;
  // Not answered is not lost: the service ends an idle visit by itself.
  post(`${PREFIX}/visits/${encodeURIComponent(present.visit)}/leave`).catch(() => {});
}

// --- what buttons and keys do

const ACTS = {
  collect: () => Object.assign(local, { step: "code", note: null }),
  help: () => (local.step = "help"),
  lost: () => Object.assign(local, { step: "phone", phone: "", wantsCall: false, note: null }),
  "call-me": callMe,
  "ticket-seen": ticketSeen,
  back: () => startOverKeeping(local.language),
  language: ({ language }) => (local.language = language),
  "other-language": () => (local.language = local.language === "vi" ? "en" : "vi"),
  "more-time": () => visit() && inVisit("stay", {}),
  digit: ({ digit }) => typeDigit(digit),
  erase,
  send: () => (local.step !== "phone" ? send() : local.wantsCall ? askForCall({ phone: local.phone }) : askForCode()),
  answer: ({ said, hand }) => inVisit("answers", { hand_over: hand, said }, () => answered(said)),
  wrong: ({ hand }) => Object.assign(local, { wrongFor: hand, note: null }),
  "not-wrong": () => (local.wrongFor = ""),
  reopen: ({ hand }) => inVisit("reopen", { hand_over: hand }),
  next: () => inVisit("next", {}),
  later: ({ hand }) => inVisit("later", { hand_over: hand }),
  reach: ({ hand }) => inVisit("reach", { hand_over: hand }),
  noted: ({ hand }) => local.noted.push(hand),
  leave,
};

function startOverKeeping(language) {
  startOver();
  local.language = language;
}

function act(element) {
  if (element.disabled) return;
  local.touchedAt = now();
  ACTS[element.dataset.act]({ ...element.dataset });
  draw();
}

function press(key) {
  const element = page.querySelector(`[data-keypad="${CSS.escape(key)}"]`);
  if (element) {
    act(element);
    return;
  }
  const name = due();
  if (!/^\d$/.test(key) || (name !== "idle" && name !== "end")) return;
  if (name === "end") leave();
  local.touchedAt = now();
  typeDigit(key);
  draw();
}

function scan(text) {
  if (local.isBusy || !["idle", "code", "end", "phone"].includes(due())) return;
  if (due() === "end") leave();
  local.touchedAt = now();
  if (new RegExp(`^\\d{${SLIP_DIGITS}}$`).test(text.trim())) {
    scanSlip(text.trim());
    return;
  }
  if (due() === "phone") return;
  const digits = text.replace(/\D/g, "");
  Object.assign(local, { step: "code", isStale: false, typed: digits.length === CODE_DIGITS ? digits : "" });
  send(text.trim());
}

// --- following the service

function take(fresh) {
  const before = visit();
  snapshot = fresh;
  receivedAt = now();
  local.lostAt = null;
  local.isBarred = false;
  const present = visit();
  if (!before && present) startOverKeeping(local.language);
  if (before && present && doorOf(before)?.stage !== doorOf(present)?.stage) visitMoved(doorOf(present));
  if (before && !present && before.visit !== local.leftVisit) visitEnded();
  draw();
}

function visitMoved(door) {
  local.wrongFor = "";
  if (door?.stage === "opening" || door?.stage === "open") Object.assign(local, { note: null, waitUntil: 0 });
}

// The service may end a visit with its last answer; the person is thanked all the same.
function visitEnded() {
  const { language, thanksUntil } = local;
  startOver();
  local.touchedAt = now();
  if (thanksUntil > now()) Object.assign(local, { language, thanksUntil });
}

follow({
  prefix: PREFIX,
  onSnapshot: take,
  onLost: () => {
    local.lostAt ??= now();
    setTimeout(draw, 1_000);
  },
  onRefused: () => {
    local.isBarred = true;
    draw();
    // In a desk set-up the start page lets this browser in again; a kiosk's own browser is started anew by its unit.
    setTimeout(() => local.isBarred && location.assign("/"), 5_000);
  },
});

const keyboard = listen({ onKey: press, onScan: scan, onSign: () => clearTimeout(sendTimer) });
page.addEventListener("click", (event) => {
  const element = event.target.closest("[data-act]");
  if (element) act(element);
});
document.addEventListener("contextmenu", (event) => event.preventDefault());
setInterval(tick, 500);
draw();
