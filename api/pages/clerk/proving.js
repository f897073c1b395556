// What the technician sees: the step that is next, the picture with what was found at each door, boards, faults, sheet.

import { h, svg } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { layOut, steel } from "../shared/picture.js";
import { languages, presence } from "./desk.js";
import { button, mark, noteAt } from "./parts.js";

const STEP = "step";
const SHAPES = { good: "check", bad: "warning", asked: "door", held: "envelope", untried: null, serving: null };

export const head = (view) =>
  h(
    "header",
    { class: view.snapshot.is_training ? "head is-training" : "head", "data-key": "head" },
    h("h1", { class: "office" }, h("b", {}, view.say("commission.title")), h("span", {}, `${view.snapshot.cabinet} · ${view.snapshot.office[view.local.language] || view.snapshot.office.vi}`)),
    h("p", { class: "time" }, view.snapshot.time.slice(11, 16)),
    presence(view),
    languages(view),
    h(
      "p",
      { class: "me" },
      h("span", {}, view.snapshot.me.name, h("small", {}, view.say(`role.${view.snapshot.me.role}`))),
      button({ act: "sign-out", testid: "sign-out", look: "is-small", of: { where: "head" } }, view.say("sign-out")),
    ),
  );

// --- what is next

const outBoards = ({ snapshot }) => snapshot.boards.filter((one) => one.is_out);

/** 1, 2, 3, 7 as "1–3, 7". */
function listed(numbers) {
  const spans = [];
  for (const number of numbers) {
    if (spans.at(-1)?.[1] === number - 1) spans.at(-1)[1] = number;
    else spans.push([number, number]);
  }
  return spans.map(([first, last]) => (last - first > 1 ? `${first}–${last}` : last > first ? `${first}, ${last}` : first)).join(", ");
}

/** Doors that can be tried now, and those that wait: for a clerk beside the technician, or for their board. */
function doorsLeft(view) {
  const { doors, boards, is_clerk_present: hasClerk } = view.snapshot;
  const left = new Set(outBoards(view).flatMap((one) => one.left));
  const answers = new Set(boards.filter((one) => one.is_online).map((one) => one.name));
  const all = doors.filter((door) => left.has(door.number)).sort((one, other) => one.number - other.number);
  const isHeld = (door) => door.may_hold && !hasClerk;
  return {
    ready: all.filter((door) => answers.has(door.board) && !isHeld(door)),
    held: all.filter(isHeld),
    isAgain: all.some((door) => door.finding && door.finding.kind !== "good"),
  };
}

/** The step that is next, by name; `key` changes whenever another thing is asked of the person. */
export function stepOf(view) {
  const { snapshot, local } = view;
  if (snapshot.awaited.length) return { name: "which", number: snapshot.awaited[0], key: `which-${snapshot.awaited[0]}-${local.notes[STEP] ? "again" : ""}` };
  if (snapshot.tried || local.queue.length) return { name: "pulse", number: snapshot.tried || local.queue[0], key: "pulse" };
  if (!snapshot.me.is_present) return { name: "come", key: "come" };
  if (local.sure) return { name: "sure", key: `sure-${local.sure}` };
  if (!outBoards(view).length) return { name: "begin", key: "begin" };
  return { name: "doors", key: `doors-${doorsLeft(view).isAgain}` };
}

const place = (view, number) => {
  const door = view.snapshot.doors.find((one) => one.number === number);
  return view.say("commission.place", { row: door.row, column: door.column, board: door.board, relay: door.relay });
};

function which(view, { number }) {
  const isDisabled = view.local.busy.has(STEP);
  return [
    h("p", { class: "asked-door" }, h("strong", { "data-testid": "asked-door" }, number), h("span", {}, place(view, number))),
    h("p", {}, view.say("commission.which.lead")),
    h(
      "form",
      { class: "which", "data-act": "seen", "data-key": `seen-${number}` },
      h("label", { class: "field" }, h("span", {}, view.say("commission.which.other")), h("input", { name: "opened", inputmode: "numeric", pattern: "[0-9]{1,3}", maxlength: 3, autocomplete: "off", "data-testid": "opened", "data-first": true })),
      h("button", { class: "button is-primary is-wide", "data-testid": "seen-this", disabled: isDisabled }, icon("check"), view.say("commission.which.this", { number }), h("kbd", {}, "Enter")),
    ),
    button({ act: "seen", testid: "seen-none", isDisabled, of: { opened: 0, where: STEP } }, icon("cross"), view.say("commission.which.none"), h("kbd", {}, "0")),
  ];
}

function come(view) {
  return [h("p", {}, view.say("commission.come")), button({ act: "presence", testid: "come", look: "is-primary is-wide", of: { where: "presence" } }, icon("person"), view.say("presence.start"), h("kbd", {}, "F8"))];
}

function sure(view) {
  const board = view.local.sure;
  const isDisabled = view.local.busy.has(STEP);
  return [
    h("p", {}, view.say("commission.sure", { board })),
    h("p", {}, view.say("commission.exchange", { unit: view.snapshot.boards.find((one) => one.name === board).unit_id })),
    h(
      "div",
      { class: "buttons" },
      button({ act: "take-out", testid: "take-out", look: "is-primary", isDisabled, of: { boards: board, where: STEP, first: true } }, icon("wrench"), view.say("commission.take-out", { board })),
      button({ act: "take-out-cancel", testid: "take-out-cancel" }, view.say("cancel")),
    ),
  ];
}

function begin(view) {
  const { boards, doors, is_bench: isBench, has_sheet: hasSheet } = view.snapshot;
  const key = hasSheet ? "commission.done" : isBench ? "commission.begin.all" : "commission.begin.one";
  return [
    hasSheet ? h("p", { class: "note is-good", "data-testid": "all-good" }, icon("check"), h("span", {}, view.say(key))) : h("p", { "data-testid": "choose" }, view.say(key)),
    isBench &&
      button(
        { act: "take-out", testid: "take-out", look: hasSheet ? "" : "is-primary is-wide", isDisabled: view.local.busy.has(STEP), of: { boards: boards.map((one) => one.name).join(" "), where: STEP, first: !hasSheet } },
        icon("wrench"),
        view.say("commission.take-out.all", { boards: boards.length, doors: doors.length }),
      ),
  ];
}

function doorsStep(view) {
  const { ready, held, isAgain } = doorsLeft(view);
  const silent = outBoards(view).filter((one) => !one.is_online && one.left.length);
  return [
    h("p", {}, view.say(isAgain ? "commission.mend" : view.snapshot.is_bench ? "commission.empty" : "commission.take-nothing")),
    silent.map((one) => h("p", { class: "marks", "data-testid": `silent-${one.name}` }, mark("red", "offline", view.say("commission.silent", { board: one.name, cause: view.say(`fault.${one.fault}`, { otherwise: view.say("fault.other") }) })))),
    held.length > 0 && h("p", { class: "marks", "data-testid": "held" }, mark("amber", "person", view.say("commission.held", { list: listed(held.map((door) => door.number)) }))),
    ready.length > 0 &&
      button(
        { act: "try-all", testid: "try-all", look: "is-primary is-wide", isDisabled: view.local.busy.has(STEP), of: { doors: ready.map((door) => door.number).join(" "), where: STEP, first: true } },
        icon("door"),
        view.say(isAgain ? "commission.try-again" : "commission.try", { count: ready.length, list: listed(ready.map((door) => door.number)) }),
        h("kbd", {}, "Enter"),
      ),
  ];
}

const STEPS = { which, come, sure, begin, doors: doorsStep, pulse: (view) => [h("p", { class: "details" }, view.say("commission.pulse.lead"))] };

function step(view) {
  const now = stepOf(view);
  return h(
    "section",
    { class: `card step is-${now.name}`, "data-testid": `step-${now.name}`, "data-key": "step" },
    h("h2", { "aria-live": "polite" }, view.say(`commission.step.${now.name === "begin" && view.snapshot.has_sheet ? "done" : now.name}`, { number: now.number ?? "", board: view.local.sure })),
    noteAt(view, STEP),
    STEPS[now.name](view, now),
  );
}

// --- the picture

function stateOf(view, door) {
  if (view.snapshot.awaited.includes(door.number) || view.snapshot.tried === door.number) return "asked";
  if (door.finding && door.finding.kind !== "good") return "bad";
  if (door.is_good) return "good";
  if (!view.snapshot.is_bench && !view.snapshot.boards.find((one) => one.name === door.board).is_out) return "serving";
  return door.may_hold ? "held" : "untried";
}

function cell(view, { door, x, y, width, height }) {
  const state = stateOf(view, door);
  const isOpen = door.reads === "open";
  const says = [view.say("compartment.n", { number: door.number }), view.say(`commission.door.${state}`), isOpen && view.say("commission.reads-open")].filter(Boolean).join(", ");
  const drawn = SHAPES[state] && icon(SHAPES[state]);
  for (const [name, value] of Object.entries({ x: x + (isOpen ? 28 : 9), y: y + height / 2 - 17, width: 34, height: 34 })) drawn?.setAttribute(name, value);
  const canBeSeen = view.snapshot.awaited.length > 0;
  const acts = canBeSeen ? { role: "button", tabindex: 0, "data-act": "seen", "data-opened": door.number } : { role: "img" };
  return svg(
    "g",
    { class: `place is-${state}${isOpen ? " is-open" : ""}`, ...acts, "data-testid": `door-${door.number}`, "data-key": `door-${door.number}`, "data-state": state, "aria-label": says },
    svg("title", {}, says),
    svg("rect", { class: "leaf", x, y, width, height, rx: 5 }),
    isOpen && svg("path", { class: "ajar", d: `M${x} ${y} l${width * 0.26} ${height * 0.18} v${height * 0.82} l${-width * 0.26} ${-height * 0.1} z` }),
    svg("text", { x: x + width - 10, y: y + height / 2 + 12, "text-anchor": "end" }, door.number),
    drawn,
  );
}

// Where the whole cabinet is tried nothing lies inside and nothing is in service.
const legend = (view) =>
  h(
    "ul",
    { class: "legend", "aria-label": view.say("legend") },
    Object.entries(SHAPES)
      .filter(([state]) => !view.snapshot.is_bench || !["held", "serving"].includes(state))
      .map(([state, name]) => h("li", {}, h("span", { class: `swatch is-${state}` }, name && icon(name)), view.say(`commission.door.${state}`))),
    h("li", {}, h("span", { class: "swatch is-ajar" }, icon("door")), view.say("commission.reads-open")),
  );

function picture(view) {
  const plan = layOut(view.snapshot.doors);
  return h(
    "section",
    { class: "card", "data-key": "picture" },
    h("h2", {}, view.say("cabinet.title")),
    view.snapshot.awaited.length > 0 && h("p", { class: "details" }, view.say("commission.touch")),
    svg("svg", { class: "cabinet", viewBox: `0 0 ${plan.width} ${plan.height}`, role: "group", "aria-label": view.say("cabinet.label"), "data-testid": "cabinet-picture" }, steel(plan), plan.cells.map((one) => cell(view, one))),
    legend(view),
  );
}

// --- boards, faults, sheet

function board(view, one) {
  const told = [view.say("commission.board", { unit: one.unit_id, profile: one.profile }), one.version > 0 && view.say("commission.version", { version: (one.version / 100).toFixed(2) })].filter(Boolean).join(" · ");
  const line = one.is_online ? mark("soft", "check", view.say("board.online")) : mark("red", "offline", view.say("board.offline", { cause: view.say(`fault.${one.fault}`, { otherwise: view.say("fault.other") }) }));
  const canAsk = !view.snapshot.is_bench && !one.is_out && view.snapshot.me.is_present && !view.snapshot.awaited.length;
  return h(
    "li",
    { class: "line board", "data-testid": `board-${one.name}`, "data-key": `board-${one.name}` },
    h("b", {}, one.name),
    h("span", { class: "details" }, told),
    h("span", { class: "marks" }, line, one.is_out && mark("amber", "wrench", view.say("commission.left", { count: one.left.length }))),
    canAsk && button({ act: "take-out-ask", testid: `board-${one.name}-out`, look: "is-small", of: { board: one.name, where: STEP } }, icon("wrench"), view.say("commission.replaced")),
  );
}

/** One fault in a sentence, with what to do about it. */
function advice(view, { number, kind, other }) {
  const of = (wanted) => view.snapshot.doors.find((door) => door.number === wanted);
  const here = of(number);
  const there = of(other) ?? here;
  const relay = (door) => view.say("commission.relay", { relay: door.relay, board: door.board });
  const input = (door) => view.say("commission.input", { input: door.input ?? "–", board: door.eye });
  return view.say(`commission.finding.${kind}`, { n: number, m: other, board: here.board, relay: relay(here), relay2: relay(there), input: input(here), input2: input(there), value: String(!here.is_inverted) });
}

function faults(view) {
  const { faults: found } = view.snapshot;
  if (!found.length) return null;
  return h(
    "section",
    { class: "card", "data-testid": "faults", "data-key": "faults" },
    h("h2", {}, view.say("commission.faults"), h("span", { class: "count" }, found.length)),
    h("ul", { class: "lines" }, found.map((one) => h("li", { class: "line fault", "data-testid": `fault-${one.number}`, "data-kind": one.kind, "data-key": `fault-${one.number}` }, icon("warning"), h("span", {}, advice(view, one))))),
  );
}

function sheet(view) {
  if (!view.snapshot.has_sheet || ["which", "pulse"].includes(stepOf(view).name)) return null;
  const path = (more) => `/api/commission/sheet?${more}`;
  return h(
    "section",
    { class: "card", "data-testid": "sheet-card", "data-key": "sheet" },
    h("h2", {}, view.say("commission.sheet")),
    h("p", {}, view.say("commission.sheet.lead")),
    h(
      "p",
      { class: "buttons" },
      h("a", { class: "button", href: path(`lang=${view.local.language}`), target: "_blank", rel: "noopener", "data-testid": "sheet" }, view.say("commission.sheet.print")),
      h("a", { class: "button", href: path("as=text"), download: true, "data-testid": "sheet-file" }, icon("down"), view.say("commission.sheet.file")),
    ),
  );
}

export const proving = (view) =>
  h(
    "main",
    { class: "proving", "data-key": "proving" },
    view.local.isLost && h("p", { class: "banner", role: "status", "data-testid": "lost", "data-key": "lost" }, icon("offline"), view.say("lost")),
    h("div", { class: "now", "data-key": "now" }, step(view), faults(view), sheet(view)),
    picture(view),
    h("section", { class: "card boards", "data-key": "boards" }, h("h2", {}, view.say("commission.boards")), h("ul", { class: "lines" }, view.snapshot.boards.map((one) => board(view, one)))),
  );
