// Before anything is configured: which boards answer, and the wiring file that is written for them.

import { h, morph, svg } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { layOut, steel } from "../shared/picture.js";
import { get, post } from "../shared/requests.js";
import { loadWords } from "../shared/words.js";
import { languages } from "./desk.js";
import { field, mark, noteAt } from "./parts.js";

const ASKED_EVERY_MS = 500;
const STEP = "step";

const page = document.getElementById("page");
const say = await loadWords("/static/clerk/words", ["vi", "en"]);
const local = { notes: {}, busy: new Set(), profiles: {}, columns: 0, language: localStorage.getItem("language") === "en" ? "en" : "vi" };
let search = await get("search");

// --- drawing

const view = () => ({ search, local, say: say(local.language) });
const nameOf = (bus, board) => `${bus}/${board}`;
const chosen = (board, name) => local.profiles[name] ?? board.profiles[0];

function doors() {
  const columns = local.columns || search.columns;
  const count = search.buses.flatMap((bus, at) => bus.boards.map((board, place) => board.doors[chosen(board, nameOf(at, place))] ?? 0)).reduce((sum, one) => sum + one, 0);
  return Array.from({ length: count }, (_, at) => ({ number: at + 1, size: "S", row: Math.floor(at / columns) + 1, column: (at % columns) + 1 }));
}

const head = (drawn) =>
  h("header", { class: "head", "data-key": "head" }, h("h1", { class: "office" }, h("b", {}, drawn.say("finding.title")), h("span", {}, search.file)), languages(drawn));

function where(drawn) {
  const isDisabled = search.is_busy || local.busy.has(STEP);
  return h(
    "section",
    { class: "card step", "data-key": "where" },
    h("h2", {}, drawn.say("finding.where")),
    h("p", {}, drawn.say("finding.where.lead")),
    h(
      "form",
      { class: "which", "data-act": "search", "data-key": "search" },
      field(drawn.say("finding.place"), "where", "finding-where", { value: search.where, required: true, maxlength: 300, spellcheck: "false" }),
      h("p", { class: "details" }, drawn.say("finding.place.how")),
      field(drawn.say("finding.ids"), "ids", "finding-ids", { type: "number", min: 1, max: 247, value: search.ids, required: true }),
      h("button", { class: "button is-primary is-wide", "data-testid": "finding-begin", disabled: isDisabled }, icon("search"), drawn.say(search.is_busy ? "finding.busy" : "finding.begin")),
    ),
    h("p", { class: "details", role: "status", "data-testid": "finding-status" }, search.is_busy ? drawn.say("finding.busy.lead") : search.is_over && !search.problem ? drawn.say("finding.count", { count: search.buses.flatMap((bus) => bus.boards).length }) : ""),
    search.problem && h("p", { class: "note", role: "alert", "data-testid": "finding-problem" }, icon("warning"), h("span", {}, drawn.say("finding.problem"), h("br"), h("span", { lang: "en" }, search.problem))),
    search.why_none.map((one) => h("p", { class: "note", lang: "en" }, icon("warning"), h("span", {}, one))),
    search.is_over && !search.problem && !search.buses.length && h("p", { class: "note", role: "alert", "data-testid": "finding-nothing" }, icon("warning"), h("span", {}, drawn.say("finding.nothing"))),
  );
}

function board(drawn, one, name) {
  const version = one.version ? drawn.say("commission.version", { version: (one.version / 100).toFixed(2) }) : drawn.say("finding.no-version");
  return h(
    "li",
    { class: "line board", "data-testid": `found-${one.unit_id}`, "data-key": name },
    h("b", {}, drawn.say("finding.unit", { unit: one.unit_id })),
    h("span", { class: "details" }, version),
    one.profiles.length === 0 && mark("red", "help", drawn.say("finding.unknown")),
    one.profiles.length === 1 && h("span", {}, one.profiles[0]),
    one.profiles.length > 1 &&
      h(
        "label",
        { class: "field" },
        h("span", {}, drawn.say("finding.alike")),
        h("select", { "data-profile": name, "data-testid": `profile-${one.unit_id}` }, one.profiles.map((profile) => h("option", { value: profile, selected: chosen(one, name) === profile }, profile))),
      ),
  );
}

const found = (drawn) =>
  search.buses.length > 0 &&
  h(
    "section",
    { class: "card", "data-key": "found" },
    h("h2", {}, drawn.say("commission.boards")),
    search.buses.map((bus, at) =>
      h(
        "div",
        { "data-key": `bus-${at}` },
        h("p", { "data-testid": `line-${at}` }, Object.values(bus.keys).join(" · ")),
        h("ul", { class: "lines" }, bus.boards.map((one, place) => board(drawn, one, nameOf(at, place)))),
      ),
    ),
    h(
      "form",
      { class: "which", "data-act": "write", "data-key": "write" },
      field(drawn.say("finding.columns"), "columns", "finding-columns", { type: "number", min: 1, max: 40, value: local.columns || search.columns, required: true }),
      noteAt(drawn, STEP),
      search.is_written
        ? h("p", { class: "note is-good", role: "status", "data-testid": "written" }, icon("check"), h("span", {}, drawn.say("finding.written", { file: search.file }), h("br"), drawn.say("finding.next")))
        : h("button", { class: "button is-primary is-wide", "data-testid": "finding-write", disabled: local.busy.has(STEP) }, icon("down"), drawn.say("finding.write", { file: search.file.split("/").at(-1) })),
    ),
  );

function picture(drawn) {
  const all = doors();
  if (!all.length) return null;
  const plan = layOut(all);
  return h(
    "section",
    { class: "card", "data-key": "picture" },
    h("h2", {}, drawn.say("cabinet.title")),
    h("p", { class: "details" }, drawn.say("finding.picture", { count: all.length })),
    svg(
      "svg",
      { class: "cabinet", viewBox: `0 0 ${plan.width} ${plan.height}`, role: "img", "aria-label": drawn.say("finding.picture", { count: all.length }), "data-testid": "cabinet-picture" },
      steel(plan),
      plan.cells.map(({ door, x, y, width, height }) => svg("g", { class: "place" }, svg("rect", { class: "leaf", x, y, width, height, rx: 5 }), svg("text", { x: x + width / 2, y: y + height / 2 + 12, "text-anchor": "middle" }, door.number))),
    ),
  );
}

function draw() {
  const drawn = view();
  document.documentElement.lang = local.language;
  document.title = drawn.say("finding.title");
  const wanted = h(
    "div",
    { class: "desk finding", "data-testid": "screen-finding", "data-key": "finding" },
    head(drawn),
    h("main", { class: "proving", "data-key": "proving" }, h("div", { class: "now", "data-key": "now" }, where(drawn), found(drawn)), picture(drawn)),
  );
  if (page.firstChild) morph(page.firstChild, wanted);
  else page.append(wanted);
}

// --- asking

async function perform(path, body) {
  if (local.busy.has(STEP)) return;
  local.busy.add(STEP);
  delete local.notes[STEP];
  draw();
  try {
    await post(path, body);
  } catch ({ slug }) {
    local.notes[STEP] = { key: slug === "wrong-stage" ? "finding.refused" : `problem.${slug}` };
  }
  local.busy.delete(STEP);
  await look();
}

/** What was found so far; asked again while boards are being asked. */
async function look() {
  search = await get("search").catch(() => search);
  draw();
  if (search.is_busy) setTimeout(look, ASKED_EVERY_MS);
}

const FORMS = {
  search: ({ elements }) => {
    local.profiles = {};
    return perform("search", { where: elements.where.value.trim(), ids: Number(elements.ids.value), columns: local.columns || search.columns });
  },
  write: ({ elements }) => perform("file", { columns: Number(elements.columns.value), profiles: local.profiles }),
};

page.addEventListener("submit", (event) => {
  event.preventDefault();
  FORMS[event.target.dataset.act](event.target);
});

page.addEventListener("change", ({ target }) => {
  if (target.dataset.profile) local.profiles[target.dataset.profile] = target.value;
  if (target.name === "columns" && target.validity.valid) local.columns = Number(target.value);
  draw();
});

page.addEventListener("click", (event) => {
  const element = event.target.closest('[data-act="language"]');
  if (!element) return;
  local.language = element.dataset.language;
  localStorage.setItem("language", local.language);
  draw();
});

draw();
look();
