// The picture of the cabinet: each compartment's state by shape and colour, and a closer look at one of them.

import { h, svg } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { layOut, steel } from "../shared/picture.js";
import { actsOf } from "./inside.js";
import { button, day, dossier, noteAt, secondAt } from "./parts.js";

const SHAPES = {
  free: null,
  loading: "down",
  loaded: "envelope",
  overdue: "clock",
  cancelled: "cross",
  uncertain: "help",
  disputed: "warning",
  quarantined: "lock",
  out_of_service: "wrench",
  closed: "wrench",
  offline: "offline",
};
const CAUSES = ["lock", "door", "sensor", "dirty", "other"];
const LOOKABLE = new Set(["uncertain", "disputed", "quarantined"]);

function shape(name, x, y, size) {
  const drawn = icon(name);
  for (const [attribute, value] of Object.entries({ x, y, width: size, height: size })) drawn.setAttribute(attribute, value);
  return drawn;
}

function words(view, place) {
  const parts = [view.say("compartment.n", { number: place.number }), view.say(`state.${place.state}`)];
  if (place.is_open) parts.push(view.say("place.open"));
  if (place.is_suspect) parts.push(view.say("place.suspect"));
  return parts.join(", ");
}

function compartment(view, { door: place, x, y, width, height }) {
  const name = SHAPES[place.state];
  const classes = ["place", `is-${place.state}`, place.is_open && "is-open", view.local.selected === place.number && "is-selected"];
  return svg(
    "g",
    {
      class: classes.filter(Boolean).join(" "),
      role: "button",
      tabindex: 0,
      "data-act": "place",
      "data-number": place.number,
      "data-testid": `place-${place.number}`,
      "data-key": `place-${place.number}`,
      "aria-label": words(view, place),
    },
    svg("title", {}, words(view, place)),
    svg("rect", { class: "leaf", x, y, width, height, rx: 5 }),
    place.is_open && svg("path", { class: "ajar", d: `M${x} ${y} l${width * 0.26} ${height * 0.18} v${height * 0.82} l${-width * 0.26} ${-height * 0.1} z` }),
    svg("text", { x: x + width - 10, y: y + height / 2 + 12, "text-anchor": "end" }, place.number),
    name && shape(name, x + 9, y + height / 2 - 17, 34),
    place.is_suspect &&
      svg("g", { class: "suspect" }, svg("circle", { cx: x + width - 10, cy: y + 8, r: 14 }), svg("text", { x: x + width - 10, y: y + 16, "text-anchor": "middle" }, "≈")),
  );
}

function picture(view) {
  const plan = layOut(view.snapshot.compartments);
  return svg(
    "svg",
    { class: "cabinet", viewBox: `0 0 ${plan.width} ${plan.height}`, role: "group", "aria-label": view.say("cabinet.label"), "data-testid": "cabinet-picture" },
    steel(plan),
    plan.cells.map((cell) => compartment(view, cell)),
  );
}

const legend = (view) =>
  h(
    "ul",
    { class: "legend", "aria-label": view.say("legend") },
    Object.entries(SHAPES).map(([state, name]) => h("li", {}, h("span", { class: `swatch is-${state}` }, name && icon(name)), view.say(`state.${state}`))),
    h("li", {}, h("span", { class: "swatch" }, "≈"), view.say("place.suspect")),
    h("li", {}, h("span", { class: "swatch is-ajar" }, icon("door")), view.say("place.open")),
  );

/** What a clerk saw inside; asked after a look, and wherever something waits for one. */
export const lookButtons = (view, number, where, prefix) =>
  h(
    "div",
    { class: "look" },
    h("p", {}, view.say("look.title", { number })),
    h(
      "div",
      { class: "buttons" },
      ["empty", "as_recorded", "something_else"].map((found) =>
        button({ act: "look", testid: `${prefix}-look-${found}`, isDisabled: view.local.busy.has(where), of: { number, found, where } }, view.say(`look.${found}`)),
      ),
    ),
  );

// Why a day that is over is none: what the cabinet owes to somebody who stood before a door that failed.
function keptFor(view, one) {
  if (one.is_owed) return h("p", { "data-testid": "kept-for" }, view.say("place.owed"));
  if (one.is_made_good && !one.is_overdue) return h("p", { "data-testid": "kept-for" }, view.say("place.made_good", { date: day(one.deadline) }));
  return null;
}

function selected(view) {
  const place = view.snapshot.compartments.find((one) => one.number === view.local.selected);
  if (!place) return null;
  const where = `place:${place.number}`;
  const one = view.snapshot.in_cabinet.find((each) => each.hand_over === place.hand_over);
  const asksLook = LOOKABLE.has(place.state) || place.is_suspect || view.local.inspected === place.number;
  return h(
    "div",
    { class: "closer", "data-testid": "closer", "data-key": where },
    h("div", { class: "row" }, h("h3", {}, words(view, place)), button({ act: "place-close", testid: "place-close", look: "is-small" }, view.say("place.close"))),
    h("p", { class: "details" }, view.say("place.size", { size: place.size, height: place.height_cm, board: place.board })),
    place.out_of_service && h("p", {}, view.say(`closed.${place.out_of_service}`)),
    place.quarantine && h("p", {}, view.say(`quarantine.${place.quarantine}`, { otherwise: place.quarantine })),
    one && keptFor(view, one),
    one && h("p", {}, h("span", { class: "name" }, one.name), " ", one.dossiers.map((code) => dossier(code))),
    h(
      "div",
      { class: "buttons" },
      button({ act: "inspect", testid: `place-${place.number}-inspect`, isDisabled: view.local.busy.has(where), of: { number: place.number, where } }, icon("door"), view.say("act.inspect")),
      place.out_of_service
        ? button({ act: "reopen-compartment", testid: `place-${place.number}-reopen`, look: "is-small", isDisabled: view.local.busy.has(where), of: { number: place.number, where } }, view.say("act.reopen-compartment"))
        : [
            h("select", { "data-testid": `place-${place.number}-cause`, "data-key": `place-${place.number}-cause`, "aria-label": view.say("closed.cause") }, CAUSES.map((cause) => h("option", { value: cause }, view.say(`cause.${cause}`)))),
            button({ act: "close-compartment", testid: `place-${place.number}-take-out`, look: "is-small", isDisabled: view.local.busy.has(where), of: { number: place.number, where } }, icon("wrench"), view.say("act.close-compartment")),
          ],
      one && !one.can_reopen && actsOf(view, one, where, "closer-"),
    ),
    noteAt(view, where),
    secondAt(view, where),
    asksLook && lookButtons(view, place.number, where, `place-${place.number}`),
  );
}

export const floor = (view) =>
  h(
    "div",
    { class: "column column-cabinet", "data-key": "cabinet" },
    h("section", { class: "card" }, h("h2", {}, view.say("cabinet.title")), selected(view), picture(view), legend(view)),
  );
