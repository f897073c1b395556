// The picture of the steel: one bay a compartment, its leaf, bolt, light, envelopes and the hands at it.

import { make, post, say } from "./dom.js";
import { kiosk } from "./kiosk.js";
import { words } from "./words.js";

const ROW_HEIGHT = { S: 1, M: 1.3, L: 1.6 };
const SHOWN_PAPERS = 3;
const bays = new Map();
let built = "";

export async function pull(number, position) {
  const state = await post(`doors/${number}/pull`);
  const now = state?.doors.find((door) => door.number === number)?.position;
  if (position === "closed" && now === "closed") {
    play(number, "rattles");
    say(words().locked(number));
  }
}

export const push = (number) => post(`doors/${number}/push`);
export const put = (number) => post(`doors/${number}/put`, { label: words().envelope });

export async function force(number) {
  if (await post(`doors/${number}/force`)) {
    play(number, "forced");
    say(words().forced(number));
  }
}

export async function take(number) {
  const taken = await post(`doors/${number}/take`);
  if (taken) say(taken.length ? words().took(taken.join(", ")) : words().nothing);
}

export function draw(state, chosen, choose) {
  const shape = JSON.stringify(state.doors.map((door) => [door.number, door.row, door.column, door.size]));
  if (shape !== built) build(state, choose);
  built = shape;
  document.getElementById("place").textContent = words().place(state.cabinet);
  document.getElementById("bays").querySelector(".kiosk-words").textContent = words().screen;
  for (const door of state.doors) update(bays.get(door.number), door, door.number === chosen);
}

// A row or column is as wide as its largest compartment; the kiosk's column stands in the middle.
function build(state, choose) {
  const grid = document.getElementById("bays");
  bays.clear();
  const columns = Math.max(...state.doors.map((door) => door.column));
  const rows = Math.max(...state.doors.map((door) => door.row));
  const left = Math.ceil(columns / 2);
  const across = (column) => (column > left ? column + 2 : column + 1);
  const tall = (row) => Math.max(1, ...state.doors.filter((door) => door.row === row).map((door) => ROW_HEIGHT[door.size]));
  const each = (count, make_one) => Array.from({ length: count }, (_, at) => make_one(at + 1));
  grid.style.gridTemplateColumns = `auto repeat(${left}, minmax(48px, 1fr)) minmax(58px, 1fr) repeat(${columns - left}, minmax(48px, 1fr))`;
  grid.style.gridTemplateRows = `auto ${each(rows, (row) => `minmax(0, ${tall(row)}fr)`).join(" ")}`;
  const mark = (text, column, row) => placed(make("span", { className: "mark", ariaHidden: "true" }, String(text)), column, row);
  const panel = placed(kiosk(state.kiosk_url), left + 2, `1 / span ${rows + 1}`);
  const leaves = state.doors.map((door) => {
    const bay = makeBay(door, choose);
    bays.set(door.number, bay);
    return placed(bay.element, across(door.column), door.row + 1);
  });
  grid.replaceChildren(
    ...each(columns, (column) => mark(column, across(column), 1)),
    ...each(rows, (row) => mark(row, 1, row + 1)),
    ...leaves,
    panel,
  );
}

function placed(element, column, row) {
  element.style.gridColumn = column;
  element.style.gridRow = row;
  return element;
}

function makeBay(door, choose) {
  const number = door.number;
  const bay = { position: "closed", pulses: null };
  const act = () => {
    choose(number);
    if (bay.position === "open") push(number);
    else if (hasCrowbar()) force(number);
    else pull(number, bay.position);
  };
  bay.papers = make("div", { className: "papers", ariaHidden: "true" });
  bay.put = make("button", { type: "button", className: "hand put", onclick: () => put(number) });
  bay.take = make("button", { type: "button", className: "hand take", onclick: () => take(number) });
  bay.inside = make("div", { className: "inside" }, bay.papers, make("div", { className: "hands" }, bay.put, bay.take));
  bay.leaf = make(
    "button",
    { type: "button", className: "leaf", onclick: act },
    make(
      "span",
      { className: "front" },
      make("span", { className: "number" }, String(number)),
      make("span", { className: "size" }, door.size),
      make("span", { className: "grip" }),
      make("span", { className: "light" }),
      make("span", { className: "bolt" }),
    ),
    make("span", { className: "back" }),
  );
  bay.fault = make("span", { className: "bay-fault", hidden: true }, "!");
  bay.element = make("div", { className: "bay" }, bay.leaf, bay.inside, bay.fault);
  bay.element.dataset.number = number;
  bay.element.dataset.size = door.size;
  return bay;
}

const hasCrowbar = () => document.body.classList.contains("with-crowbar");

function update(bay, door, isChosen) {
  bay.position = door.position;
  bay.element.dataset.position = door.position;
  bay.element.classList.toggle("live", door.is_energised);
  bay.element.classList.toggle("chosen", isChosen);
  if (bay.pulses !== null && door.pulses > bay.pulses) play(door.number, "clicks");
  bay.pulses = door.pulses;
  const isOpen = door.position === "open";
  const faults = [door.sensor_fault, door.lock_fault, door.swapped_with && "swapped"].filter(Boolean).map((kind) => words().fault[kind]);
  const told = [words().door(door.number), words().position[door.position], words().reads[door.sensor_reads]];
  if (isOpen) told.push(words().holds(door.content.length));
  bay.leaf.setAttribute("aria-label", [...told, ...faults].join(", "));
  bay.leaf.setAttribute("aria-expanded", String(isOpen));
  bay.leaf.title = `${words().door(door.number)} · ${isOpen ? words().push : words().pull}`;
  bay.inside.inert = !isOpen;
  bay.fault.hidden = faults.length === 0;
  bay.fault.title = faults.join(", ");
  for (const [button, text] of [[bay.take, words().take], [bay.put, words().put]]) {
    if (button.textContent === text) continue;
    button.textContent = text;
    button.setAttribute("aria-label", `${text}, ${words().door(door.number)}`);
  }
  bay.take.hidden = !door.content.length;
  drawPapers(bay, door.content);
}

function drawPapers(bay, content) {
  const key = content.join("\n");
  if (key === bay.shown) return;
  const isNew = bay.shown !== undefined;
  const before = (bay.shown ?? "").split("\n").filter(Boolean).length;
  bay.shown = key;
  bay.papers.replaceChildren(...content.slice(-SHOWN_PAPERS).map((text) => make("span", { className: "paper" }, make("span", {}, text))));
  if (isNew && content.length > before) bay.papers.lastElementChild?.classList.add("arrives");
  if (content.length > SHOWN_PAPERS) bay.papers.append(make("span", { className: "paper-count" }, `×${content.length}`));
}

// A movement of a moment, begun anew if it runs.
function play(number, movement) {
  const element = bays.get(number)?.element;
  if (!element) return;
  element.classList.remove(movement);
  void element.offsetWidth;
  element.classList.add(movement);
  element.addEventListener("animationend", () => element.classList.remove(movement), { once: true });
}
