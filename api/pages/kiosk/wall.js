// What hangs on the wall beside a counter: opening hours, the city's number, posters that end by themselves.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { howto } from "./howto.js";

const TURN_MS = 12_000;

/** Today's hours of the counter, and the number of the city; null where the cabinet knows neither. */
export function hoursLine(view) {
  const { hours, city_hotline: city } = view.snapshot;
  const today = hours && (hours.today.length ? view.say("wall.hours", { spans: hours.today.join(", ") }) : view.say("wall.closed"));
  if (!today && !city) return null;
  return h(
    "p",
    { class: "wall-line", "data-testid": "hours" },
    icon("clock"),
    today && h("span", {}, today),
    city && h("span", {}, view.say("wall.city"), h("strong", {}, ` ${city}`)),
  );
}

/** The three steps in pictures and, in turn with them, the unit's posters. */
export function wall(view) {
  const posters = view.snapshot.posters ?? [];
  const turn = Math.floor((view.now - view.local.touchedAt) / TURN_MS) % (posters.length + 1);
  if (turn > 0) {
    const name = posters[turn - 1];
    return h("img", { class: "poster", "data-testid": "poster", "data-key": name, src: `/posters/${encodeURIComponent(name)}`, alt: view.say("wall.poster") });
  }
  const step = (name, key) => h("li", {}, howto(name), h("span", {}, view.say(key)));
  return h("ol", { class: "steps", "data-key": "steps" }, step("message", "idle.step1"), step("door", "idle.step2"), step("close", "idle.step3"));
}
