// The kiosk page: it follows the service, draws the screen that is due, and passes on what the person does.

import { morph } from "../shared/dom.js";
import { follow } from "../shared/live.js";
import { get, post } from "../shared/requests.js";
import { loadWords, readablePhone } from "../shared/words.js";
import * as entry from "./entry.js";
import * as handing from "./handing.js";
import * as intake from "./intake.js";
import { listen } from "./keyboard.js";
import { FIELDS, askForOtp, freshLeaving, isEnough, offer, pathOf, stepAfter, stepBefore } from "./leaving.js";
import * as lost from "./lost.js";
import * as status from "./status.js";
import { CLEARS_MS, CODE_DIGITS, DOSSIER_DIGITS, DOSSIER_LEAST, IDLE_MS, PHONE_DIGITS, SECOND_DIGITS, SLIP_DIGITS, THANKS_MS, doorOf, freshEntry, isLastClosed, mannerOf, paperOf, screenOf, visitOf } from "./screens.js";
import { bare, standstill } from "./standstill.js";
import * as topics from "./topics.js";
import { speech, spokenOf, voice } from "./voice.js";

const PREFIX = "/api/kiosk";
const AUTO_SEND_MS = 150;
const ACCEPTED_MS = 5_000;
const NEXT_TRY_MS = 20_000;
const REASON_MS = 25_000;
const RECEIPT_MS = 30_000;
const RECEIPT_TRIES = 6;

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
const now = () => performance.now();

let snapshot = null;
let receivedAt = now();
let sendTimer = 0;
let shown = "";
let closedAt = Infinity;
const local = { ...freshEntry(), touchedAt: now(), leftVisit: "", lostAt: now(), isBarred: false };
const loudspeaker = speech("/voice");

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
    visitLeft: present ? Math.min(seconds(present.idle_seconds_left), clearsIn(at)) : 0,
    entryLeft: Math.max(0, Math.ceil((local.touchedAt + IDLE_MS - at) / 1000)),
    hotline: readablePhone(snapshot?.hotline ?? ""),
  };
}

// Nobody touches the screen after the last door: it is cleared before the next person comes. Listening takes longer.
function clearsIn(at) {
  if (local.touchedAt > closedAt || local.isVoice) return Infinity;
  return Math.max(0, Math.ceil((closedAt + CLEARS_MS - at) / 1000));
}

function draw() {
  const name = due();
  if (name === "end" && shown !== "end") local.thanksUntil = now() + THANKS_MS;
  const paint = snapshot === null || name === "barred" ? bare(name) : DRAW[name];
  const wanted = paint(view());
  const root = document.documentElement;
  root.lang = local.language;
  root.classList.toggle("is-large", local.isLarge);
  root.classList.toggle("is-contrast", local.isContrast);
  if (local.isVoice && !local.isLit) root.dataset.dark = say(local.language)("voice.dark");
  else delete root.dataset.dark;
  if (page.firstChild) morph(page.firstChild, wanted);
  else page.append(wanted);
  if (local.isVoice) speak(name);
  else if (name !== shown) {
    announcer.textContent = page.querySelector("h1, .is-huge strong")?.textContent ?? "";
  }
  shown = name;
}

// A screen is said when it comes, when something on it is to be noticed, and again when a person asks.
let said = "";
let saidScreen = "";
function speak(name, isAgain = false) {
  const note = [...page.querySelectorAll("[role=alert]")].map((element) => element.textContent).join(" ");
  const turn = `${local.language} ${name} ${visit() ? doorOf(visit())?.compartment : ""} ${note}`;
  // While an answer is under way the keys are locked, so they would not be named: the screen is read once it is here.
  if (local.isBusy || (turn === said && !isAgain)) return;
  said = turn;
  const lines = spokenOf(page, say(local.language), { isNoteOnly: !isAgain && name === saidScreen && note !== "" });
  saidScreen = name;
  announcer.textContent = lines.map(({ text }) => text).join(" ");
  loudspeaker.say(local.language, lines.flatMap(({ clips }) => clips));
}

function startVoice() {
  if (!snapshot?.has_voice || local.isBarred) return;
  if (local.isVoice) {
    if (page.querySelector('[data-keypad="5"][data-act=digit]')) erase();
    speak(due(), true);
    return;
  }
  if (!["idle", "help"].includes(due()) && !(due() === "code" && local.typed.length <= 1)) return;
  const { language } = local;
  startOver();
  Object.assign(local, { language, isVoice: true, step: "voice", touchedAt: now() });
  said = saidScreen = "";
  draw();
}

function endVoice() {
  loudspeaker.stop();
  local.isVoice = false;
  startOverKeeping();
}

function tick() {
  if (local.isVoice && loudspeaker.isSpeaking) local.touchedAt = now();
  const name = due();
  if (name === "closed" && clearsIn(now()) <= 0) leave();
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
  if (FIELDS[local.step]) {
    const { field, most } = FIELDS[local.step];
    if (local.leaving[field].length < most) local.leaving[field] += digit;
    return;
  }
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
  if (local.step === "ask") {
    if (local.dossier.length < DOSSIER_DIGITS) local.dossier += digit;
    return;
  }
  if (local.step === "ask-phone") {
    if (local.second.length < SECOND_DIGITS) local.second += digit;
    if (local.second.length === SECOND_DIGITS) askStatus();
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
  if (local.step === "second" || local.step === "ask-phone") local.second = local.second.slice(0, -1);
  else if (local.step === "ask") local.dossier = local.dossier.slice(0, -1);
  else if (local.step === "paper") local.paper = local.paper.slice(0, -1);
  else if (local.step === "phone") local.phone = local.phone.slice(0, -1);
  else if (FIELDS[local.step]) local.leaving[FIELDS[local.step].field] = local.leaving[FIELDS[local.step].field].slice(0, -1);
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

// --- asking about a dossier

const question = () => ({ dossier: local.dossier, phone: local.second });

function askOn() {
  if (local.step === "ask" && local.dossier.length >= DOSSIER_LEAST) {
    keyboard.forget();
    Object.assign(local, { step: "ask-phone", second: "", note: null });
  } else if (local.step === "ask-phone" && local.second.length === SECOND_DIGITS) askStatus();
}

async function askStatus() {
  await asking("status", question(), (told) => Object.assign(local, { step: "told", told, sureFor: "" }));
}

/** Ask again for what is told after a wish was done: the digits are still here. */
async function wish(what, hand) {
  await asking(`status/${what}`, { ...question(), hand_over: hand });
  if (!local.note) await askStatus();
}

async function asking(path, body, after = () => {}) {
  keyboard.forget();
  if (local.isBusy) return;
  Object.assign(local, { isBusy: true, note: null });
  draw();
  try {
    after(await post(`${PREFIX}/${path}`, body));
  } catch ({ slug, body: problem, retryAfter }) {
    if (slug === "status-unknown") Object.assign(local, { step: "ask", dossier: "", second: "" });
    const minutes = Math.ceil(retryAfter / 60);
    const key = { "status-unknown": "ask.unknown", "too-many-attempts": "ask.wait", "stay-refused": `stay.refused.${problem.reason}`, "wrong-stage": "answer.wrong-stage" }[slug];
    local.note = { key: key ?? "ask.unsent", values: { minutes } };
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

// --- rating

// A face that does not arrive is not worth another screen.
const sendFace = (reason) => post(`${PREFIX}/visits/${encodeURIComponent(snapshot.rateable)}/rating`, { face: local.face, reason }).catch(() => {});

async function rate(reason = "") {
  if (local.isBusy || !snapshot.rateable) return;
  local.isBusy = true;
  draw();
  await sendFace(reason);
  Object.assign(local, { isBusy: false, isRated: true, face: "", thanksUntil: now() + THANKS_MS / 3 });
  draw();
}

function chooseFace(face) {
  local.face = face;
  if (face === "good") rate();
  else local.thanksUntil = now() + REASON_MS;
}

// --- on paper

async function print(path) {
  if (local.isBusy) return;
  local.isBusy = true;
  draw();
  let said = "done";
  try {
    await post(path, { language: local.language });
  } catch ({ slug }) {
    said = slug === "paper-out" ? "out" : "failed";
  }
  Object.assign(local, { isBusy: false, printed: { path, said }, touchedAt: now() });
  draw();
}

// --- a ticket

function callMe() {
  const present = visit();
  if (present) askForCall({ visit: present.visit });
  else Object.assign(local, { step: "phone", phone: "", wantsCall: true, note: null });
}

function ticketSeen() {
  local.ticket = null;
  if (!visit()) startOverKeeping();
}

// --- papers for the office

const here = () => ({ language: local.language, visit: visit()?.visit ?? null, isVoice: local.isVoice });

function beginLeaving(noted) {
  if (noted) local.noted.push(noted);
  Object.assign(local, { step: "intake-kinds", leaving: freshLeaving(), note: null, thanksUntil: 0 });
}

function sendField() {
  keyboard.forget();
  const { step, leaving } = local;
  if (local.isBusy || !isEnough(step, leaving)) return;
  local.note = null;
  if (step === "intake-bag") {
    openForPapers();
    return;
  }
  const { step: next, note } = stepAfter(step, leaving, snapshot.notices_online);
  if (note) Object.assign(local, { note: { key: note }, leaving: { ...leaving, again: "" } });
  else local.step = next;
}

/** Do what waits for the service; what it refuses is said at once. */
async function whileBusy(what) {
  if (local.isBusy) return;
  Object.assign(local, { isBusy: true, note: null });
  draw();
  try {
    await what();
  } catch (problem) {
    notTaken(problem);
  }
  local.isBusy = false;
  local.touchedAt = now();
  draw();
}

const openForPapers = () =>
  whileBusy(async () => {
    const offered = await offer(local.leaving, here());
    await shownOf(offered.hand_over);
    local.step = "idle";
  });

// The snapshot with the opening door comes by itself; until then the keypad stays locked, but not for ever.
async function shownOf(hand) {
  const until = now() + ACCEPTED_MS;
  while (now() < until && !visit()?.intakes.some((one) => one.hand_over === hand)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const checkPhone = () =>
  whileBusy(async () => {
    local.leaving.check = await askForOtp(local.leaving, here());
    local.step = "intake-otp";
  });

function notTaken({ slug, body }) {
  if (slug === "phone-refused") {
    const leaving = { ...local.leaving, again: "", otp: "" };
    const isOtp = body.reason === "otp" || body.reason === "otp_over";
    Object.assign(local, { step: isOtp ? "intake-check" : "intake-phone", leaving, note: { key: `intake.phone.${body.reason}` } });
    if (body.reason === "otp") local.step = "intake-otp";
  } else if (slug === "bag-in-use") {
    Object.assign(local, { leaving: { ...local.leaving, bag: "" }, note: { key: "intake.refused.bag-in-use" } });
  } else if (slug === "intake-full") {
    local.note = { key: `intake.refused.${body.reason}` };
  } else {
    const known = ["no-free-compartment", "no-reachable-compartment", "board-offline", "door-did-not-open", "not-allowed", "unreachable", "invalid-request", "notices-offline", "too-many-attempts"];
    local.note = { key: `intake.refused.${known.includes(slug) ? slug : "unknown"}` };
  }
}

const atPapers = (hand, what, body) => whileBusy(() => post(`${pathOf(visit().visit, hand)}/${what}`, body));

async function largerDoor(hand) {
  await atPapers(hand, "larger", {});
  if (local.note === null) local.noted.push(hand);
}

function doneWithPapers(hand) {
  const shown = visit();
  local.noted.push(hand);
  if (shown && shown.waiting === 0 && shown.doors.length === 0 && shown.intakes.every((one) => local.noted.includes(one.hand_over))) leave();
}

// Silence counts as left: the receipt says so for a while, with nobody having looked inside.
async function showSilentReceipt(ended, paper) {
  for (let attempt = 0; attempt < RECEIPT_TRIES; attempt += 1) {
    try {
      const receipt = await get(`${pathOf(ended.visit, paper.hand_over)}/receipt`);
      if (visit() || local.step !== "idle") return;
      Object.assign(local, { step: "intake-silent", receipt: { ...receipt, visit: ended.visit, hand_over: paper.hand_over }, touchedAt: now() - IDLE_MS + RECEIPT_MS });
      draw();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
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

function notDone({ slug, retryAfter, body }) {
  if (slug === "stay-refused") {
    local.note = { key: `stay.refused.${body.reason}` };
    return;
  }
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
  if (local.face && snapshot.rateable) sendFace("");
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
  print: ({ path }) => print(path),
  back: () => startOverKeeping(),
  "voice-off": endVoice,
  topics: () => (local.step = "topics"),
  topic: ({ topic }) => Object.assign(local, { step: "topic", topic }),
  large: () => (local.isLarge = !local.isLarge),
  contrast: () => (local.isContrast = !local.isContrast),
  "voice-on": startVoice,
  intake: ({ hand }) => beginLeaving(hand),
  "intake-kind": ({ kind }) => Object.assign(local, { step: "intake-bring", leaving: { ...freshLeaving(), kind }, note: null }),
  "intake-size": ({ size }) => {
    local.leaving.size = size;
    local.step = stepAfter("intake-bring", local.leaving).step;
  },
  "intake-reach": () => (local.leaving.reach = local.leaving.reach === "low" ? "any" : "low"),
  "intake-back": () => Object.assign(local, { step: stepBefore(local.step, local.leaving), note: null }),
  "intake-twice": () => Object.assign(local, { step: "intake-again", note: null, leaving: { ...local.leaving, again: "", otp: "", check: "" } }),
  "intake-otp": () => checkPhone(),
  "intake-open": () => openForPapers(),
  "intake-say": ({ said, hand }) => atPapers(hand, "answers", { said }),
  "intake-larger": ({ hand }) => largerDoor(hand),
  "intake-done": ({ hand }) => doneWithPapers(hand),
  language: ({ language }) => (local.language = language),
  "other-language": () => (local.language = local.language === "vi" ? "en" : "vi"),
  "more-time": () => visit() && inVisit("stay", {}),
  digit: ({ digit }) => typeDigit(digit),
  erase,
  ask: () => Object.assign(local, { step: "ask", dossier: "", second: "", note: null }),
  extend: ({ hand }) => (visit() ? inVisit("extend", { hand_over: hand }) : wish("extend", hand)),
  sure: ({ hand }) => (local.sureFor = hand),
  "not-sure": () => (local.sureFor = ""),
  counter: ({ hand }) => {
    local.sureFor = "";
    return visit() ? inVisit("counter", { hand_over: hand }) : wish("counter", hand);
  },
  face: ({ face }) => chooseFace(face),
  reason: ({ reason }) => rate(reason),
  send: () => {
    if (local.step === "phone") return local.wantsCall ? askForCall({ phone: local.phone }) : askForCode();
    if (FIELDS[local.step]) return sendField();
    return local.step.startsWith("ask") ? askOn() : send();
  },
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

function startOverKeeping() {
  const manner = mannerOf(local);
  startOver();
  Object.assign(local, manner);
  if (local.isVoice) local.step = "voice";
}

function act(element) {
  if (element.disabled) return;
  loudspeaker.stop();
  if (local.isVoice && element.dataset.act === "digit") loudspeaker.tick();
  local.touchedAt = now();
  ACTS[element.dataset.act]({ ...element.dataset });
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

function scan(text, beganAt) {
  // A scanner types: its first signs may have chosen something on the start page.
  if (local.leavingAt >= beganAt && !visit()) startOverKeeping();
  if (local.step === "intake-dossier" || local.step === "intake-bag") {
    local.touchedAt = now();
    if (new RegExp(`^\\d{${SLIP_DIGITS}}$`).test(text.trim())) {
      Object.assign(local, { leaving: { ...local.leaving, dossier: "", bag: "" }, note: { key: "intake.refused.invalid-request" } });
      draw();
      return;
    }
    local.leaving[FIELDS[local.step].field] = text.trim();
    sendField();
    draw();
    return;
  }
  if (!local.isBusy && due() === "ask") {
    Object.assign(local, { dossier: text.trim(), touchedAt: now() });
    askOn();
    draw();
    return;
  }
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

// The cabinet's own scanner: what it reads is typed here, as a scanner that is a keyboard would. `local` forgets between
// visits, this does not: each scan counts once.
let scansSeen = null;

function typeScan(scan) {
  const isNew = scan && scansSeen !== null && scan.number !== scansSeen;
  scansSeen = scan?.number ?? scansSeen ?? 0;
  if (!isNew) return;
  for (const key of [...scan.text, "Enter"]) document.dispatchEvent(new KeyboardEvent("keydown", { key }));
}

function take(fresh) {
  const before = visit();
  snapshot = fresh;
  receivedAt = now();
  local.lostAt = null;
  local.isBarred = false;
  const present = visit();
  if (!before && present && !local.step.startsWith("intake-")) startOverKeeping();
  if (!isLastClosed(present)) closedAt = Infinity;
  else if (closedAt === Infinity) closedAt = now();
  if (before && present && paperOf(present, local) && paperOf(before, local)?.stage !== paperOf(present, local).stage) papersMoved(paperOf(present, local));
  if (before && present && doorOf(before)?.stage !== doorOf(present)?.stage) visitMoved(doorOf(present));
  if (before && !present && before.visit !== local.leftVisit) visitEnded(before);
  draw();
  typeScan(fresh.scan);
}

function visitMoved(door) {
  local.wrongFor = "";
  if (door?.stage === "opening" || door?.stage === "open") Object.assign(local, { note: null, waitUntil: 0 });
}

// Why no larger door opened is still to be read when the first one is shown as kept.
function papersMoved(paper) {
  if (paper.stage !== "withdrawn") local.note = null;
}

// The service may end a visit with its last answer; the person is thanked all the same.
function visitEnded(ended) {
  if (local.step.startsWith("intake-") && now() - local.touchedAt < IDLE_MS) return;
  const { thanksUntil, face, isRated } = local;
  const manner = mannerOf(local);
  const dropped = (ended.intakes ?? []).find((one) => one.stage === "dropped");
  startOver();
  if (dropped) {
    Object.assign(local, manner);
    showSilentReceipt(ended, dropped);
  }
  local.touchedAt = now();
  if (thanksUntil > now()) Object.assign(local, { ...manner, thanksUntil, face, isRated });
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

const keyboard = listen({ onKey: press, onHold: startVoice, onScan: scan, onSign: () => clearTimeout(sendTimer) });
document.addEventListener("click", (event) => {
  const element = event.target.closest("[data-act]");
  if (local.isVoice && !local.isLit) local.isLit = true;
  else if (element) act(element);
  draw();
});
document.addEventListener("contextmenu", (event) => event.preventDefault());
setInterval(tick, 500);
draw();
