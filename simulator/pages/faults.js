// What can go wrong, at a click and in plain words; what is wrong now stands on top, each gone at a click.

import { force, pull, push, put, take } from "./cabinet.js";
import { make, post } from "./dom.js";
import { tongue, words } from "./words.js";

const SENSOR_FAULTS = ["stuck_closed", "stuck_open", "broken_wire", "bouncing"];
const LOCK_FAULTS = ["jammed", "weak", "worn"];
const BOARD_FAULTS = ["dead", "stuck_coil", "stray_coil", "linkage"];
const LINE_FAULTS = [
  "late", "lost", "unheard", "cut", "split", "stray", "stray_after", "garbled", "foreign", "exception", "echo",
];
const HOW_OFTEN = ["", "1", "10"];
const drawn = new Map();
const asked = { coil: 0, times: "" };

export function drawSide(state, chosen) {
  const door = state.doors.find((one) => one.number === chosen);
  redraw("active", state.faults, () => activeFaults(state.faults));
  document.getElementById("heal").disabled = state.faults.length === 0;
  document.getElementById("active").setAttribute("aria-label", words().active);
  redraw("door-card", [door ?? null, state.faults], () => doorCard(door, state));
  redraw("lines-card", [state.lines.map(still), state.faults], () => [oftenField(), ...state.lines.map((line) => linePart(line, state.faults))]);
  redraw("boards-card", [state.boards.map(still), state.faults], () => [coilField(), ...state.boards.map((board) => boardPart(board, state.faults))]);
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
  if (focused) (card.querySelector(`[data-key="${focused}"]`) ?? document.getElementById("side-heading")).focus();
}

// --- what is wrong now

function activeFaults(faults) {
  if (!faults.length) return [make("p", { className: "quiet" }, words().allWell)];
  return faults.map((fault) => {
    const told = `${words().at(fault)}: ${words().fault[fault.kind]}${detail(fault)}`;
    const { place, name, kind } = fault;
    const gone = button(`${place}-${name}-${kind}-${fault.coil ?? ""}`, "", () => post("mend", { place, name, kind }), { className: "wrong" });
    gone.title = words().explained[kind];
    gone.setAttribute("aria-label", `${words().mendOne}: ${told}`);
    gone.append(make("span", {}, told), make("span", { className: "cross", ariaHidden: "true" }, "×"));
    return gone;
  });
}

function detail({ coil, other, left }) {
  if (coil !== null) return ` (${words().coil} ${coil + 1})`;
  if (other !== null) return ` ${words().with(other)}`;
  return left === null ? "" : ` (${words().left(left)})`;
}

const isWrong = (faults, place, name, kind) =>
  faults.some((fault) => fault.place === place && fault.name === String(name) && fault.kind === kind);

// A button that breaks, pressed while it is broken, and mends at the next click.
function breaker(faults, place, name, kind, body = {}) {
  const isOn = isWrong(faults, place, name, kind);
  const act = () => (isOn ? post("mend", { place, name: String(name), kind }) : post(`${place}s/${name}/fault`, { kind, ...body }));
  const made = button(`${place}-${name}-${kind}`, "", act, { className: "chip" });
  made.ariaPressed = String(isOn);
  made.append(make("strong", {}, words().fault[kind]), make("small", {}, words().explained[kind]));
  return made;
}

const breakers = (kinds, one) => make("div", { className: "chips" }, ...kinds.map((kind) => one(kind)));

// --- one door

function doorCard(door, { doors, faults }) {
  if (!door) return [heading(words().aDoor), make("p", { className: "quiet" }, words().choose)];
  const facts = [words().position[door.position], words().reads[door.sensor_reads], words().holds(door.content.length)];
  if (door.is_energised) facts.push(words().current);
  const isOpen = door.position === "open";
  const one = (kind) => breaker(faults, "door", door.number, kind);
  return [
    heading(words().door(door.number)),
    make("p", { className: "quiet" }, words().doorFacts(door)),
    make("p", { className: "facts" }, facts.join(" · ")),
    make(
      "div",
      { className: "buttons" },
      button("act", isOpen ? words().push : words().pull, () => (isOpen ? push(door.number) : pull(door.number, door.position))),
      button("put", words().put, () => put(door.number), { disabled: !isOpen }),
      button("take", words().take, () => take(door.number), { disabled: !isOpen || !door.content.length }),
      button("force", words().force, () => force(door.number), { disabled: isOpen }),
    ),
    make("h4", {}, words().sensor),
    breakers(SENSOR_FAULTS, one),
    make("h4", {}, words().lock),
    ...locks(door, doors, faults, one),
  ];
}

// The lock's own faults, and its wires changed with those of a door that one chooses.
function locks(door, doors, faults, one) {
  const select = make(
    "select",
    {},
    ...doors.filter((one) => one.number !== door.number).map((one) => make("option", { value: one.number }, words().door(one.number))),
  );
  select.dataset.key = "swap-with";
  const other = door.swapped_with;
  if (other) select.value = String(other);
  const chip = breaker(faults, "door", door.number, "swapped", { get other() { return Number(select.value); } });
  return [
    make("div", { className: "chips" }, ...LOCK_FAULTS.map(one), chip),
    make("label", { className: "field" }, words().swapWith, select),
  ];
}

// --- boards and lines

function boardPart(board, faults) {
  const lamps = (name, bits) =>
    make(
      "div",
      { className: `lamps ${name}` },
      make("span", { className: "lamps-name" }, words()[name]),
      ...bits.map((bit, index) => make("span", { className: bit ? "lamp on" : "lamp", title: String(index + 1) })),
    );
  const one = (kind) => breaker(faults, "board", board.name, kind, { get coil() { return asked.coil; } });
  return make(
    "div",
    { className: board.has_power ? "board" : "board dark" },
    make("h4", {}, make("span", { className: "power" }), board.name, make("small", {}, words().unit(board))),
    lamps("relays", board.coils),
    lamps("inputs", board.inputs),
    breakers(BOARD_FAULTS, one),
  );
}

function linePart(line, faults) {
  const one = (kind) => breaker(faults, "line", line.name, kind, { get times() { return asked.times ? Number(asked.times) : null; } });
  return make(
    "div",
    { className: "line" },
    make(
      "h4",
      {},
      make("span", { className: line.is_plugged ? "power" : "power off" }),
      words().line(line.name),
      make("small", { id: `asked-${line.name}` }),
    ),
    make("div", { className: "chips" }, breaker(faults, "line", line.name, "unplug"), ...LINE_FAULTS.map(one)),
    make("p", { className: "quiet address" }, line.address),
  );
}

function coilField() {
  const input = make("input", { type: "number", min: 1, max: 32, value: asked.coil + 1 });
  input.dataset.key = "coil";
  input.addEventListener("input", () => {
    if (input.validity.valid && input.value !== "") asked.coil = Number(input.value) - 1;
  });
  return make("label", { className: "field" }, words().whichCoil, input);
}

function oftenField() {
  const select = make("select", { onchange: () => (asked.times = select.value) });
  select.append(...HOW_OFTEN.map((times) => make("option", { value: times, selected: times === asked.times }, words().often[times])));
  select.dataset.key = "times";
  return make("label", { className: "field" }, words().howOften, select);
}

function button(key, text, act, more = {}) {
  const made = make("button", { type: "button", onclick: act, ...more }, text);
  made.dataset.key = key;
  return made;
}

function heading(text) {
  return make("h3", {}, text);
}
