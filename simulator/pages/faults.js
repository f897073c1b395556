// The side: the chosen door with its hands and faults, the boards with their lamps, the lines.

import { force, pull, push, put, take } from "./cabinet.js";
import { make, post } from "./dom.js";
import { tongue, words } from "./words.js";

const SENSOR_FAULTS = ["stuck_closed", "stuck_open", "broken_wire", "bouncing"];
const LOCK_FAULTS = ["jammed", "weak", "worn"];
const BOARD_FAULTS = ["dead", "stuck_coil", "stray_coil", "linkage"];
const LINE_FAULTS = [
  "late", "lost", "unheard", "cut", "split", "stray", "stray_after", "garbled", "foreign", "exception", "echo",
];
const drawn = new Map();
const asked = { coil: 0, times: 1 };

export function drawSide(state, chosen) {
  const door = state.doors.find((one) => one.number === chosen);
  redraw("door-card", door ?? null, () => doorCard(door, state.doors));
  redraw("boards-card", state.boards.map(still), () => [heading(words().boards), coilField(), ...state.boards.map(boardPart)]);
  redraw("lines-card", state.lines.map(still), () => [heading(words().lines), timesField(), ...state.lines.map(linePart)]);
  for (const line of state.lines) {
    document.getElementById(`asked-${line.name}`).textContent = line.is_plugged ? words().asked(line.requests) : words().unplugged;
  }
}

// Without the counters that run all the time.
function still({ requests, replies, bad_frames, silences_broken, ...rest }) {
  return rest;
}

// A card is rebuilt only when what it shows has changed, so that a hand on its way to a button finds it there.
function redraw(id, shown, build) {
  const key = JSON.stringify([tongue(), shown]);
  if (drawn.get(id) === key) return;
  drawn.set(id, key);
  const card = document.getElementById(id);
  const focused = card.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  card.replaceChildren(...build());
  if (focused) card.querySelector(`[data-key="${focused}"]`)?.focus();
}

function doorCard(door, doors) {
  if (!door) return [heading(words().faults), make("p", { className: "quiet" }, words().choose)];
  const facts = [words().position[door.position], words().reads[door.sensor_reads], words().holds(door.content.length)];
  if (door.is_energised) facts.push(words().current);
  const open = door.position === "open";
  const mend = () => post(`doors/${door.number}/fault`, { kind: "none" });
  const toggle = (kind, on) => (on ? mend() : post(`doors/${door.number}/fault`, { kind }));
  return [
    heading(words().door(door.number)),
    make("p", { className: "quiet" }, words().doorFacts(door)),
    make("p", { className: "facts" }, facts.join(" · ")),
    make(
      "div",
      { className: "buttons" },
      button("act", open ? words().push : words().pull, () => (open ? push(door.number) : pull(door.number, door.position))),
      button("put", words().put, () => put(door.number), { disabled: !open }),
      button("take", words().take, () => take(door.number), { disabled: !open || !door.content.length }),
      button("force", words().force, () => force(door.number), { disabled: open }),
    ),
    make("h4", {}, words().sensor),
    chips(SENSOR_FAULTS, (kind) => door.sensor_fault === kind, toggle),
    make("h4", {}, words().lock),
    chips(LOCK_FAULTS, (kind) => door.lock_fault === kind, toggle),
    swap(door, doors),
    make("div", { className: "buttons" }, button("mend", words().mend, mend)),
  ];
}

function swap(door, doors) {
  const select = make(
    "select",
    { ariaLabel: words().swapWith },
    ...doors.filter((one) => one !== door).map((one) => make("option", { value: one.number }, String(one.number))),
  );
  select.dataset.key = "swap-with";
  const other = door.swapped_with;
  if (other) select.value = String(other);
  const act = () => post(`doors/${door.number}/fault`, { kind: "swapped", other: Number(other ?? select.value) });
  return make("p", { className: "chips" }, chip("swapped", Boolean(other), act), ` ${words().swapWith} `, select);
}

function boardPart(board) {
  const path = `boards/${board.name}/fault`;
  const on = {
    dead: !board.has_power,
    stuck_coil: board.stuck_on.length > 0,
    stray_coil: false,
    linkage: board.linkage.some(Boolean),
  };
  const lamps = (name, bits) =>
    make(
      "div",
      { className: `lamps ${name}` },
      make("span", { className: "lamps-name" }, words()[name]),
      ...bits.map((bit, index) => make("span", { className: bit ? "lamp on" : "lamp", title: String(index) })),
    );
  return make(
    "div",
    { className: board.has_power ? "board" : "board dark" },
    make("h4", {}, make("span", { className: "power" }), board.name, make("small", {}, words().unit(board))),
    lamps("relays", board.coils),
    lamps("inputs", board.inputs),
    chips(
      BOARD_FAULTS,
      (kind) => on[kind],
      (kind, isOn) => post(path, isOn ? { kind: "none" } : { kind, coil: asked.coil }),
      board.name,
    ),
  );
}

function linePart(line) {
  const path = `lines/${line.name}/fault`;
  return make(
    "div",
    { className: "line" },
    make(
      "h4",
      {},
      make("span", { className: line.is_plugged ? "power" : "power off" }),
      line.name,
      make("small", { id: `asked-${line.name}` }),
    ),
    make("p", { className: "quiet address" }, line.address),
    make("div", { className: "chips" }, chip("unplug", !line.is_plugged, () =>
      post(path, { kind: line.is_plugged ? "unplug" : "replug" }), line.name)),
    chips(
      LINE_FAULTS,
      (kind) => line.faults.includes(kind),
      (kind) => post(path, { kind, times: asked.times }),
      line.name,
    ),
    make("div", { className: "buttons" }, button(`mend-${line.name}`, words().mend, () => post(path, { kind: "none" }))),
  );
}

function coilField() {
  return field("coil", words().coil, 0, 7);
}

function timesField() {
  return field("times", words().times, 1, 100);
}

function field(name, text, min, max) {
  const input = make("input", { type: "number", min, max, value: asked[name] });
  input.dataset.key = name;
  input.addEventListener("input", () => {
    if (input.validity.valid && input.value !== "") asked[name] = Number(input.value);
  });
  return make("label", { className: "field" }, text, input);
}

function chips(kinds, isOn, act, prefix = "") {
  return make("div", { className: "chips" }, ...kinds.map((kind) => chip(kind, isOn(kind), () => act(kind, isOn(kind)), prefix)));
}

function chip(kind, isOn, act, prefix = "") {
  const made = button(`${prefix}${kind}`, words().fault[kind], act, { className: "chip" });
  made.ariaPressed = String(isOn);
  return made;
}

function button(key, text, act, more = {}) {
  const made = make("button", { type: "button", onclick: act, ...more }, text);
  made.dataset.key = key;
  return made;
}

function heading(text) {
  return make("h3", {}, text);
}
