// The picture of the steel: one bay a compartment, its leaf, light, envelopes and the hands at it.

import { make, post, say } from "./dom.js";
import { words } from "./words.js";

const ROW_HEIGHT = { S: 1, M: 1.25, L: 1.5 };
const bays = new Map();
let built = "";

export async function pull(number, position) {
  const state = await post(`doors/${number}/pull`);
  const now = state?.doors.find((door) => door.number === number)?.position;
  if (position === "closed" && now === "closed") {
    bays.get(number).element.classList.add("rattles");
    setTimeout(() => bays.get(number)?.element.classList.remove("rattles"), 400);
    say(words().locked(number));
  }
}

export const push = (number) => post(`doors/${number}/push`);
export const put = (number) => post(`doors/${number}/put`, { label: words().envelope });
export const force = (number) => post(`doors/${number}/force`);

export async function take(number) {
  const taken = await post(`doors/${number}/take`);
  if (taken) say(taken.length ? words().took(taken.join(", ")) : words().nothing);
}

export function draw(state, choose) {
  const shape = JSON.stringify(state.doors.map((door) => [door.number, door.row, door.column, door.size]));
  if (shape !== built) build(state, choose);
  built = shape;
  document.getElementById("place").textContent = words().place(state.cabinet);
  document.getElementById("bays").querySelector(".kiosk-words").textContent = words().screen;
  for (const door of state.doors) update(bays.get(door.number), door);
}

function build(state, choose) {
  const grid = document.getElementById("bays");
  grid.replaceChildren();
  bays.clear();
  const columns = Math.max(...state.doors.map((door) => door.column));
  const rows = Math.max(...state.doors.map((door) => door.row));
  const left = Math.ceil(columns / 2);
  grid.style.gridTemplateColumns = `repeat(${left}, 1fr) minmax(104px, 0.95fr) repeat(${columns - left}, 1fr)`;
  grid.style.gridTemplateRows = Array.from({ length: rows }, (_, row) =>
    `minmax(0, ${Math.max(1, ...state.doors.filter((d) => d.row === row + 1).map((d) => ROW_HEIGHT[d.size]))}fr)`,
  ).join(" ");
  grid.append(kiosk(state, left + 1, rows));
  for (const door of state.doors) {
    const bay = makeBay(door, choose);
    bay.element.style.gridColumn = door.column > left ? door.column + 1 : door.column;
    bay.element.style.gridRow = door.row;
    bays.set(door.number, bay);
    grid.append(bay.element);
  }
}

function makeBay(door, choose) {
  const number = door.number;
  const bay = { position: "closed" };
  const act = () => {
    choose(number);
    if (bay.position === "open") push(number);
    else pull(number, bay.position);
  };
  bay.papers = make("div", { className: "papers" });
  bay.take = make("button", { type: "button", className: "hand", onclick: () => take(number) });
  bay.put = make("button", { type: "button", className: "hand", onclick: () => put(number) });
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
    ),
    make("span", { className: "back" }),
  );
  bay.light = make("span", { className: "light" });
  bay.fault = make("span", { className: "bay-fault", hidden: true }, "!");
  bay.element = make("div", { className: "bay" }, bay.inside, bay.leaf, bay.light, bay.fault);
  bay.element.dataset.number = number;
  return bay;
}

function update(bay, door) {
  bay.position = door.position;
  bay.element.dataset.position = door.position;
  bay.element.classList.toggle("live", door.is_energised);
  const told = [words().door(door.number), words().position[door.position], words().reads[door.sensor_reads]];
  bay.leaf.setAttribute("aria-label", told.join(", "));
  bay.leaf.title = `${words().door(door.number)} · ${door.position === "open" ? words().push : words().pull}`;
  bay.fault.hidden = !(door.sensor_fault || door.lock_fault || door.swapped_with);
  bay.fault.title = [door.sensor_fault, door.lock_fault, door.swapped_with && "swapped"]
    .filter(Boolean)
    .map((kind) => words().fault[kind])
    .join(", ");
  bay.take.textContent = words().take;
  bay.put.textContent = words().put;
  bay.take.disabled = bay.put.disabled = door.position !== "open";
  bay.take.hidden = !door.content.length;
  const papers = door.content.join("\n");
  if (papers !== bay.shown) {
    bay.shown = papers;
    bay.papers.replaceChildren(...door.content.slice(-4).map((text) => make("span", { className: "paper" }, text)));
  }
}

function kiosk(state, column, rows) {
  const screen = state.kiosk_url
    ? make("a", { className: "kiosk-screen", href: state.kiosk_url, target: "_blank", rel: "noopener" })
    : make("div", { className: "kiosk-screen" });
  screen.append(make("span", { className: "kiosk-star" }), make("span", { className: "kiosk-words" }));
  const keys = [..."123456789*0#"].map((key) => make("span", {}, key));
  const panel = make(
    "div",
    { className: "kiosk" },
    make("div", { className: "kiosk-eye" }),
    screen,
    make("div", { className: "kiosk-keys", ariaHidden: "true" }, ...keys),
    make("div", { className: "kiosk-reader", ariaHidden: "true" }),
    make("div", { className: "kiosk-slit", ariaHidden: "true" }),
    make("div", { className: "kiosk-voice", ariaHidden: "true" }),
    make("div", { className: "kiosk-vent", ariaHidden: "true" }),
  );
  panel.style.gridColumn = column;
  panel.style.gridRow = `1 / span ${rows}`;
  return panel;
}
