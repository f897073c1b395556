// The clerk page: it follows the service, draws what it was told, and passes on what the clerk does.

import { h, morph } from "../shared/dom.js";
import { follow } from "../shared/live.js";
import { get, post } from "../shared/requests.js";
import { loadWords } from "../shared/words.js";
import { accountActs, accountForms } from "./account.js";
import { panelBanners } from "./panel.js";
import { banners, connecting, head, presencePanel, shortcuts, tabs } from "./desk.js";
import { floor } from "./floor.js";
import { inside } from "./inside.js";
import { dayActs, dayForms } from "./days.js";
import { matters } from "./matters.js";
import { memberActs, memberForms } from "./members.js";
import { office } from "./office.js";
import { planActs } from "./plan.js";
import { ROUND, emptiedOf, nextOf } from "./papers.js";
import { openingOf } from "./parts.js";
import { entrance, signIn } from "./sign_in.js";
import { preview, textActs, textForms } from "./texts.js";
import { work } from "./work.js";

const PREFIX = "/api/clerk";
const SEARCH_AFTER_MS = 250;
const GOOD_NOTE_MS = 6_000;
const STANDSTILLS = ["starting", "safe-mode", "read-only"];

const page = document.getElementById("page");
const say = await loadWords("/static/clerk/words", ["vi", "en"]);
const hasKeyboard = matchMedia("(pointer: fine)").matches;
const now = () => performance.now();

let snapshot = null;
let receivedAt = now();
let stop = null;
let searchTimer = 0;
const freshLocal = () => ({ tab: "work", notes: {}, busy: new Set(), candidates: [], selected: 0, inspected: 0, second: null, undoing: "", posting: "", presence: null, found: null, isRetiring: false, isNewcomer: false, member: null, account: null, texts: null, edited: "", count: null, problem: null });
const local = { ...freshLocal(), isSignedIn: null, isLost: false, standstill: "", language: localStorage.getItem("language") === "en" ? "en" : "vi" };

// --- drawing

function view() {
  const seconds = (value) => Math.max(0, Math.ceil(value - (now() - receivedAt) / 1000));
  return { snapshot, local, say: say(local.language), seconds };
}

const screen = (drawn) =>
  h(
    "div",
    { class: local.isLost ? "desk is-lost" : "desk", "data-testid": "screen-desk", "data-key": "desk", "data-tab": local.tab },
    head(drawn),
    banners(drawn),
    panelBanners(drawn),
    presencePanel(drawn),
    h("main", { class: "columns", "data-key": "columns" }, work(drawn), inside(drawn), floor(drawn), matters(drawn), office(drawn)),
    shortcuts(drawn),
    tabs(drawn),
  );

function draw() {
  const drawn = view();
  const wanted = local.isSignedIn === false ? signIn(drawn) : snapshot === null ? connecting(drawn) : screen(drawn);
  document.documentElement.lang = local.language;
  document.title = drawn.say("title");
  if (page.firstChild) morph(page.firstChild, wanted);
  else page.append(wanted);
}

const at = (testid) => page.querySelector(`[data-testid="${testid}"]`);
const door = entrance({ local, draw, at }, `${PREFIX}/sign-in`);

function focus(testid, isWanted = hasKeyboard) {
  if (isWanted) at(testid)?.focus({ preventScroll: testid === "scan-box" });
}

// --- asking the service

function note(where, key, more = {}) {
  local.notes[where] = { key, ...more };
  if (!more.isGood) return;
  setTimeout(() => {
    if (local.notes[where]?.key === key) delete local.notes[where];
    draw();
  }, GOOD_NOTE_MS);
}

/** Ask for something; what goes wrong is said at `where`. Gives the answer, or false. */
async function perform(where, path, body, { good = "" } = {}) {
  if (local.busy.has(where)) return false;
  local.busy.add(where);
  delete local.notes[where];
  draw();
  let answer = false;
  try {
    answer = await post(`${PREFIX}/${path}`, body);
    if (good) note(where, good, { isGood: true });
  } catch (problem) {
    refused(problem, where, path, body);
  }
  local.busy.delete(where);
  draw();
  return answer;
}

/** Look something up; what goes wrong is said at `where`, and null comes back. */
async function ask(where, path) {
  try {
    return await get(`${PREFIX}/${path}`);
  } catch (problem) {
    refused(problem, where, path, {});
    return null;
  }
}

/** Ask what would be; a refusal is an answer too. */
async function tryOut(path, body) {
  try {
    return { answer: await post(`${PREFIX}/${path}`, body), problem: null };
  } catch (problem) {
    if (problem.status === 401) signedOut();
    return { answer: null, problem };
  }
}

// What a problem's body says besides its type, in words.
const MORE = {
  "not-loadable": ({ reason }) => (reason ? `reason.${reason}` : ""),
  "still-in-use": ({ reasons }) => `in-use.${reasons?.[0]}`,
  "weak-password": ({ reason }) => (reason ? `weak.${reason}` : ""),
};

function refused({ slug, status, body, retryAfter }, where, path, asked) {
  if (status === 401) {
    signedOut();
  } else if (slug === "presence-needed") {
    startPresence({ where, path, body: asked });
  } else if (slug === "second-person-needed") {
    local.second = { where, path, body: asked };
    if (asked.second || asked.approval) note(where, "problem.second-person-needed");
  } else if (body.candidates?.length) {
    local.candidates = body.candidates.map((one) => one.result ?? one);
  } else {
    const more = MORE[slug]?.(body) ?? "";
    note(where, `problem.${slug}`, { values: { seconds: retryAfter }, more });
  }
}

// --- presence: asked for once, then what was wanted goes on

async function startPresence(pending = null) {
  local.presence = { pending };
  delete local.notes.presence;
  draw();
  focus("presence-number", true);
  try {
    await post(`${PREFIX}/presence/request`);
  } catch (problem) {
    if (problem.status === 401) signedOut();
    else note("presence", `problem.${problem.slug}`, { values: { seconds: problem.retryAfter } });
    draw();
  }
}

async function provePresence({ number }) {
  if (local.busy.has("presence")) return;
  local.busy.add("presence");
  delete local.notes.presence;
  draw();
  try {
    await post(`${PREFIX}/presence`, { number: number.value });
    const pending = local.presence?.pending;
    local.presence = null;
    local.busy.delete("presence");
    if (pending) await perform(pending.where, pending.path, pending.body);
    focus("scan-box");
  } catch (problem) {
    if (problem.status === 401) signedOut();
    else note("presence", problem.slug === "presence-needed" ? "presence.wrong" : `problem.${problem.slug}`, { values: { seconds: problem.retryAfter } });
    number.value = "";
  }
  local.busy.delete("presence");
  draw();
}

// --- coming and going

async function enter(fields) {
  if (!(await door.enter(fields))) return;
  Object.assign(local, freshLocal(), { isSignedIn: true });
  begin();
  draw();
}

function signedOut() {
  stop?.();
  stop = null;
  snapshot = null;
  Object.assign(local, freshLocal(), { isSignedIn: false, isLost: false, standstill: "" });
  draw();
  focus("sign-in-user");
}

// --- what buttons and forms do

// What the cards need of the page; each brings its own acts and forms.
const refuse = (where, key) => {
  note(where, key);
  draw();
};
const desk = { local, perform, refuse, ask, tryOut, draw, at, view };

const ACTS = {
  ...door.acts,
  ...accountActs(desk),
  ...dayActs(desk),
  ...memberActs(desk),
  ...planActs(desk),
  ...textActs(desk),
  language: ({ language }) => {
    local.language = language;
    localStorage.setItem("language", language);
  },
  tab: ({ tab }) => {
    local.tab = tab;
    scrollTo(0, 0);
  },
  presence: () => startPresence(local.presence?.pending),
  "presence-cancel": () => (local.presence = null),
  "sign-out": async () => {
    await post(`${PREFIX}/sign-out`).catch(() => {});
    signedOut();
  },
  load: ({ results, where }) => {
    local.candidates = [];
    return load(where, { results: results.split(" ") });
  },
  "did-open": ({ hand, opened, where }) => perform(where, `loads/${hand}/answers`, { did_open: opened === "yes" }),
  // The door stayed shut and the envelope is still in hand: the next scan finds another compartment.
  "give-up-load": async ({ hand, where }) => {
    if (await perform(where, `loads/${hand}/answers`, { did_open: false })) await perform(where, `loads/${hand}/undo`, {});
    focus("scan-box");
  },
  "close-round": ({ where }) => perform(where, "round/close", {}, { good: "round.closed" }),
  reopen: ({ hand, where }) => perform(where, `loads/${hand}/reopen`, {}),
  "undo-ask": ({ hand }) => (local.undoing = hand),
  "undo-cancel": () => (local.undoing = ""),
  undo: async ({ hand, where }) => {
    if (await perform(where, `loads/${hand}/undo`, {})) local.undoing = "";
    draw();
  },
  reclaim: ({ hand, where }) => perform(where, `hand-overs/${hand}/reclaim`, { second: null }),
  shut: ({ hand, where }) => perform(where, `loads/${hand}/shut`, {}),
  practice: ({ where }) => perform(where, "practice", {}),
  "revoke-delegate": ({ result, where }) => perform(where, `results/${result}/delegate/revoke`, {}, { good: "delegate.revoked" }),
  move: ({ hand, where }) => perform(where, `hand-overs/${hand}/move`, { second: null }),
  "move-open": ({ hand, door, where }) => perform(where, `hand-overs/${hand}/move/open`, { door }),
  "move-confirm": ({ hand, door, where }) => perform(where, `hand-overs/${hand}/move/confirm`, { door }, { good: "move.done" }),
  "hand-out": ({ result, where }) => perform(where, `counter/${result}/hand-out`, {}, { good: "counter.done" }),
  "post-ask": ({ result }) => (local.posting = result),
  "post-cancel": () => (local.posting = ""),
  "deputy-end": ({ user, where }) => perform(where, `deputies/${user}/end`, {}),
  print: () => print(),
  "new-code": ({ hand, where }) => perform(where, `hand-overs/${hand}/new-code`, {}, { good: "new-code.done" }),
  place: ({ number }) => {
    local.selected = Number(number);
    local.tab = "cabinet";
  },
  "place-close": () => (local.selected = 0),
  inspect: ({ number, where }) => perform(where, `compartments/${number}/inspect`, { second: null }),
  look: async ({ number, found, where }) => {
    if (await perform(where, `compartments/${number}/look`, { found }, { good: "look.done" })) local.inspected = 0;
    draw();
  },
  "close-incident": ({ incident, where }) => perform(where, `incidents/${incident}/close`, {}),
  "take-incident": ({ incident, where }) => perform(where, `incidents/${incident}/take`, {}),
  countersign: ({ incident, where }) => perform(where, `incidents/${incident}/countersign`, {}),
  "approval-ask": ({ where }) => {
    const opening = openingOf(view());
    const { results, scan } = local.second.body ?? {};
    return opening.compartment ? perform(where, "approvals", opening) : perform(where, "approvals/loads", results ? { results } : { scan });
  },
  "approval-use": async ({ where, approval }) => {
    if (await perform(where, local.second.path, { ...local.second.body, second: null, approval })) local.second = null;
    draw();
  },
  "glass-ask": () => (local.second.glass = true),
  "stock-start": ({ where }) => perform(where, "stock", { second: null }),
  "stock-start-two": ({ where }) => (local.second = { where, path: "stock" }),
  "stock-open": ({ where }) => perform(where, "stock/open", { second: null }),
  "stock-finish": ({ where }) => perform(where, "stock/finish", {}),
  "close-compartment": ({ number, where }) => perform(where, `compartments/${number}/close`, { cause: at(`place-${number}-cause`).value }),
  "reopen-compartment": ({ number, where }) => perform(where, `compartments/${number}/reopen`, {}),
  "lock-supply": ({ where }) => perform(where, "panel/lock-supply", {}),
  "papers-open": ({ hand, where }) => perform(where, `intakes/${hand}/collect`, {}),
  "papers-answer": ({ hand, outcome, where }) => perform(where, `intakes/${hand}/answer`, { outcome }),
  "relocation-start": ({ where }) => perform(where, "relocation/start", {}),
  "retirement-ask": () => (local.isRetiring = true),
  "second-cancel": () => (local.second = null),
};

async function load(where, wanted) {
  const size = at("scan-size")?.value;
  const isDone = await perform(where, "loads", size ? { ...wanted, size } : wanted);
  if (isDone && at("scan-size")) at("scan-size").value = "";
}

// A scanner ends the bag with Enter: then the count is typed, and Enter again reports both.
async function reportPapers({ dataset, elements: { bag, count } }) {
  if (count.value === "" || !count.validity.valid) {
    count.focus();
    return;
  }
  if (await perform(ROUND, `intakes/${dataset.hand}/report`, { bag: bag.value.trim(), count: Number(count.value) })) {
    bag.value = count.value = "";
    focus("papers-open");
  } else {
    bag.focus();
    bag.select();
  }
}

const registerPapers = ({ dataset, elements: { dossier, appointment } }) =>
  perform(`paper:${dataset.hand}`, `intakes/${dataset.hand}/answer`, { outcome: "registered", dossier: dossier.value.trim(), appointment: appointment.value });

async function breakGlass({ reason }) {
  const { where } = local.second;
  if (await perform(where, "glass", { ...openingOf(view()), reason: reason.value.trim() })) local.second = null;
  draw();
}

async function approve({ dataset, elements }) {
  const { password, code } = elements;
  await perform(`approval:${dataset.approval}`, `approvals/${dataset.approval}/give`, { password: password.value, code: code.value.trim() });
  password.value = code.value = "";
}

async function agree({ user, password, code }) {
  const { where, path, body } = local.second;
  const second = { user: user.value.trim(), password: password.value, code: code.value.trim() };
  if (await perform(where, path, { ...body, second })) local.second = null;
  code.value = "";
  draw();
}

async function sendByPost({ dataset, elements }) {
  const tracking = elements.tracking.value.replace(/\s/g, "");
  if (await perform(dataset.where, `counter/${dataset.result}/post`, { tracking }, { good: "counter.posted" })) local.posting = "";
  draw();
}

const FORMS = {
  ...accountForms(desk),
  ...dayForms(desk),
  ...memberForms(desk),
  ...textForms(desk),
  "sign-in": (form) => enter(form.elements),
  "presence-number": (form) => provePresence(form.elements),
  second: (form) => agree(form.elements),
  glass: (form) => breakGlass(form.elements),
  approval: (form) => approve(form),
  post: (form) => sendByPost(form),
  deputy: ({ elements }) => perform("deputies", `deputies/${elements.user.value}`, { until: elements.until.value }, { good: "deputies.done" }),
  clock: (form) => perform("clock", "panel/clock", { local: form.elements.local.value }, { good: "panel.clock.done" }),
  "papers-report": (form) => reportPapers(form),
  "papers-register": (form) => registerPapers(form),
  "relocation-finish": ({ elements }) => perform("standing", "relocation/finish", { address: elements.address.value.trim() }),
  retirement: async ({ elements }) => {
    if (await perform("standing", "retirement", { cabinet: elements.cabinet.value.trim() })) local.isRetiring = false;
    draw();
  },
  scan: (form) => {
    const text = form.elements.scan.value.trim();
    form.elements.scan.value = "";
    local.candidates = [];
    // What is scanned while the one before is still asked for is not lost unsaid.
    if (text && local.busy.has("scan")) note("scan", "scan.too-soon");
    else if (text) load("scan", { scan: text });
  },
};

// --- following the service

function inspectEnded(before, after) {
  const open = new Set(after.grants.map((grant) => grant.compartment));
  return before?.grants.find((grant) => grant.purpose === "inspect" && grant.is_opened && !open.has(grant.compartment));
}

function take(fresh) {
  const looked = inspectEnded(snapshot, fresh);
  const emptied = snapshot !== null && emptiedOf(fresh) !== null && emptiedOf(fresh).hand_over !== emptiedOf(snapshot)?.hand_over;
  const isFirst = snapshot === null;
  snapshot = fresh;
  receivedAt = now();
  Object.assign(local, { isSignedIn: true, isLost: false, standstill: "" });
  if (looked) Object.assign(local, { selected: looked.compartment, inspected: looked.compartment, tab: "cabinet" });
  const pending = provedElsewhere(fresh);
  draw();
  if (pending) perform(pending.where, pending.path, pending.body);
  if (isFirst) focus("scan-box");
  if (emptied) focus("papers-bag");
}

/** The key was turned while the number was asked for: what was wanted goes on. Gives what was wanted. */
function provedElsewhere(fresh) {
  if (!fresh.me.is_present || !local.presence || local.busy.has("presence")) return null;
  const { pending } = local.presence;
  local.presence = null;
  return pending;
}

function begin() {
  stop?.();
  stop = follow({
    prefix: PREFIX,
    onSnapshot: take,
    onLost: (slug = "") => {
      Object.assign(local, { isLost: true, standstill: STANDSTILLS.includes(slug) ? slug : "" });
      setTimeout(draw, 800);
    },
    onRefused: signedOut,
  });
}

// --- keys and touches

async function search(text) {
  try {
    const found = text.trim() ? (await post(`${PREFIX}/search`, { q: text.trim() })).results : null;
    if (at("search-box")?.value === text) local.found = found;
  } catch (problem) {
    if (problem.status === 401) signedOut();
  }
  draw();
}

/** What a shortcut stands for. While the answer to the step before is under way that is said, not swallowed. */
function press(button) {
  if (local.busy.has(button?.dataset.where)) note(button.dataset.where, "key.too-soon");
  else button?.click();
}

const SHORTCUTS = {
  F2: () => show("work", "scan-box"),
  F4: () => show("inside", "search-box"),
  // A step that was begun goes before the next door of the round.
  F6: () => press(page.querySelector("[data-step] .button.is-primary") ?? at("papers-open")),
  F7: () => press(page.querySelector('[data-act="give-up-load"]')),
  F8: () => snapshot.me.is_present || startPresence(),
  F9: () => press(at("round-close")),
  Escape: () => Object.assign(local, { presence: null, second: null, undoing: "", posting: "", candidates: [], selected: 0, isRetiring: false, member: null }),
};

function show(tab, testid) {
  local.tab = tab;
  draw();
  focus(testid, true);
  at(testid)?.scrollIntoView({ block: "nearest" });
}

const isTyping = (element) => /^(INPUT|SELECT|TEXTAREA|BUTTON)$/.test(element.tagName) || element.getAttribute("role") === "button";

document.addEventListener("keydown", (event) => {
  if (snapshot === null || event.ctrlKey || event.altKey || event.metaKey) return;
  if (SHORTCUTS[event.key]) {
    event.preventDefault();
    SHORTCUTS[event.key]();
    draw();
  } else if (event.target.getAttribute?.("role") === "button" && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    act(event.target);
  } else if (event.key.length === 1 && !isTyping(event.target)) {
    focus("scan-box", true);
  }
});

function act(element) {
  ACTS[element.dataset.act]({ ...element.dataset });
  draw();
}

page.addEventListener("click", (event) => {
  const element = event.target.closest("[data-act]");
  if (!element || element.tagName === "FORM" || element.disabled) return;
  act(element);
  // The scanner types wherever the focus is, so it goes back to the scan box unless a form was just opened.
  if (!local.presence && !local.second && local.isSignedIn && element.dataset.act !== "tab") focus("scan-box", hasKeyboard && event.detail > 0);
});

page.addEventListener("submit", (event) => {
  event.preventDefault();
  FORMS[event.target.dataset.act](event.target, event.submitter);
});

page.addEventListener("input", (event) => {
  const ask = { "search-box": search, "text-pattern": (text) => preview(desk, text) }[event.target.dataset.testid];
  if (!ask) return;
  clearTimeout(searchTimer);
  searchTimer = setTimeout(() => ask(event.target.value), SEARCH_AFTER_MS);
});

setInterval(() => (snapshot?.round || snapshot?.approvals.length) && draw(), 1_000);
begin();
draw();
