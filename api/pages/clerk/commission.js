// The technician's page: boards and doors are proved one by one, with the keyboard alone or by touching the picture.

import { h, morph } from "../shared/dom.js";
import { follow } from "../shared/live.js";
import { post } from "../shared/requests.js";
import { loadWords } from "../shared/words.js";
import { connecting, presencePanel } from "./desk.js";
import { head, proving, stepOf } from "./proving.js";
import { entrance, signIn } from "./sign_in.js";

const DESK = "/api/clerk";
const PREFIX = "/api/commission";
const STEP = "step";
const ROLES = ["technician", "leader"];

const page = document.getElementById("page");
const say = await loadWords("/static/clerk/words", ["vi", "en"]);

let snapshot = null;
let stop = null;
let shownStep = "";
// `queue`: the doors still to be tried in this round; `sure`: the board that is asked about before it leaves service.
const freshLocal = () => ({ notes: {}, busy: new Set(), presence: null, queue: [], sure: "", isNewcomer: false });
const local = { ...freshLocal(), isSignedIn: null, isLost: false, standstill: "", language: localStorage.getItem("language") === "en" ? "en" : "vi" };

// --- drawing

const view = () => ({ snapshot, local, say: say(local.language), seconds: Math.ceil });

const screen = (drawn) =>
  h(
    "div",
    { class: local.isLost ? "desk is-lost" : "desk", "data-testid": "screen-commission", "data-key": "commission" },
    head(drawn),
    presencePanel(drawn),
    proving(drawn),
  );

function draw() {
  const drawn = view();
  const wanted = local.isSignedIn === false ? signIn(drawn) : snapshot === null ? connecting(drawn) : screen(drawn);
  document.documentElement.lang = local.language;
  document.title = drawn.say("commission.page");
  if (page.firstChild) morph(page.firstChild, wanted);
  else page.append(wanted);
  const step = snapshot === null || local.presence ? "" : stepOf(drawn).key;
  if (step === shownStep) return;
  const first = page.querySelector("[data-first]");
  first?.focus({ preventScroll: true });
  // While the answer before is still under way the button cannot be reached; the next drawing tries again.
  if (!first?.disabled) shownStep = step;
}

const at = (testid) => page.querySelector(`[data-testid="${testid}"]`);
const door = entrance({ local, draw, at }, `${DESK}/sign-in`);

// --- asking the cabinet

/** Ask for something; what goes wrong is said at `where`. Gives the answer, or false. */
async function perform(where, path, body = {}) {
  if (local.busy.has(where)) return false;
  local.busy.add(where);
  delete local.notes[where];
  draw();
  let answer = false;
  try {
    answer = await post(path, body);
  } catch (problem) {
    refused(problem, where);
  }
  local.busy.delete(where);
  draw();
  return answer;
}

function refused({ slug, status, retryAfter }, where) {
  if (status === 401) signedOut();
  else if (slug === "presence-needed" && !snapshot?.me.is_present) startPresence();
  else if (slug === "presence-needed") local.notes[where] = { key: "commission.clerk-needed" };
  else local.notes[where] = { key: `problem.${slug}`, values: { seconds: retryAfter } };
}

/** Try the doors of the queue until one is to be answered for. */
async function tryNext() {
  while (local.queue.length) {
    const [number] = local.queue;
    const answer = await perform(STEP, `${PREFIX}/doors/${number}/try`);
    // A lock that must cool may take longer than an answer is waited for; then the picture tells how it went.
    if (!answer && local.notes[STEP]?.key === "problem.unreachable") delete local.notes[STEP];
    local.queue = answer || snapshot?.tried === number ? local.queue.slice(1) : [];
    if (answer && !answer.finding) snapshot = { ...snapshot, awaited: [number] };
    if (!answer?.finding) break;
  }
  draw();
}

async function seen(opened) {
  const [number] = snapshot.awaited;
  if (!(await perform(STEP, `${PREFIX}/doors/${number}/seen`, { opened }))) return;
  // The next snapshot says so too; until then the same question must not be shown again.
  snapshot = { ...snapshot, awaited: snapshot.awaited.filter((one) => one !== number) };
  await tryNext();
}

// --- presence

async function startPresence() {
  local.presence = { pending: null };
  delete local.notes.presence;
  draw();
  at("presence-number")?.focus();
  // Under a name of its own: the number is on the screen, and typed, before this answer is here.
  await perform("number", `${DESK}/presence/request`);
  if (!local.notes.number) return;
  local.notes.presence = local.notes.number;
  delete local.notes.number;
  draw();
}

async function provePresence({ number }) {
  const isThere = await perform("presence", `${DESK}/presence`, { number: number.value });
  if (isThere) local.presence = null;
  else if (local.notes.presence?.key === "commission.clerk-needed") local.notes.presence = { key: "presence.wrong" };
  number.value = "";
  draw();
}

// --- coming and going

async function enter(fields) {
  const member = await door.enter(fields);
  if (!member) return;
  if (!ROLES.includes(member.role)) {
    await post(`${DESK}/sign-out`).catch(() => {});
    local.notes["sign-in"] = { key: "commission.not-yours" };
    draw();
    return;
  }
  Object.assign(local, freshLocal(), { isSignedIn: true });
  begin();
  draw();
}

function signedOut() {
  stop?.();
  stop = null;
  snapshot = null;
  const notes = local.notes["sign-in"] ? { "sign-in": local.notes["sign-in"] } : {};
  Object.assign(local, freshLocal(), { isSignedIn: false, isLost: false, standstill: "", notes });
  draw();
  at("sign-in-user")?.focus();
}

function begin() {
  stop?.();
  stop = follow({
    prefix: PREFIX,
    onSnapshot: (fresh) => {
      snapshot = fresh;
      Object.assign(local, { isSignedIn: true, isLost: false, standstill: "" });
      if (fresh.me.is_present) local.presence = null;
      draw();
    },
    onLost: (slug = "") => {
      Object.assign(local, { isLost: true, standstill: slug === "starting" ? slug : "" });
      draw();
    },
    onRefused: signedOut,
  });
}

// --- what buttons and forms do

const ACTS = {
  ...door.acts,
  language: ({ language }) => {
    local.language = language;
    localStorage.setItem("language", language);
  },
  presence: () => startPresence(),
  "presence-cancel": () => (local.presence = null),
  "sign-out": async () => {
    await post(`${DESK}/sign-out`).catch(() => {});
    signedOut();
  },
  "take-out-ask": ({ board }) => (local.sure = board),
  "take-out-cancel": () => (local.sure = ""),
  "take-out": async ({ boards }) => {
    if (await perform(STEP, `${PREFIX}/boards`, { boards: boards.split(" ") })) local.sure = "";
    draw();
  },
  "try-all": ({ doors }) => {
    local.queue = doors.split(" ").map(Number);
    return tryNext();
  },
  seen: ({ opened }) => seen(Number(opened)),
};

const FORMS = {
  "sign-in": ({ elements }) => enter(elements),
  "presence-number": ({ elements }) => provePresence(elements),
  seen: ({ elements }) => {
    const typed = elements.opened.value.trim();
    elements.opened.value = "";
    seen(typed === "" ? snapshot.awaited[0] : Number(typed));
  },
};

function act(element) {
  ACTS[element.dataset.act]({ ...element.dataset });
  draw();
}

page.addEventListener("click", (event) => {
  const element = event.target.closest("[data-act]");
  if (element && element.tagName !== "FORM" && !element.disabled) act(element);
});

page.addEventListener("submit", (event) => {
  event.preventDefault();
  FORMS[event.target.dataset.act](event.target);
});

document.addEventListener("keydown", (event) => {
  if (snapshot === null || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "F8" && !snapshot.me.is_present) {
    event.preventDefault();
    startPresence();
  } else if (event.key === "Escape") {
    Object.assign(local, { presence: null, sure: "" });
    draw();
  } else if (event.target.getAttribute?.("role") === "button" && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    act(event.target);
  }
});

begin();
draw();
