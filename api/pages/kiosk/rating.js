// What a person thought of the visit: three faces, and a reason where it was not good. Touched, never typed: the first
// digit of the next person's code must not be taken for a face.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button } from "./frame.js";

const REASONS = ["code", "door", "papers", "screen", "wait", "other"];

const face = (view, name) =>
  button({ act: "face", testid: `face-${name}`, look: "is-face", isDisabled: view.local.isBusy, of: { face: name } }, icon(`face-${name}`), h("span", {}, view.say(`rating.${name}`)));

const reason = (view, name) =>
  button({ act: "reason", testid: `reason-${name}`, look: "is-reason", isDisabled: view.local.isBusy, of: { reason: name } }, view.say(`rating.reason.${name}`));

/** What is asked of the visit that may be rated now, or thanks for what was said; null where nothing is asked. */
export function rating(view) {
  const { face: chosen, isRated } = view.local;
  if (isRated) return h("p", { class: "lead", role: "status", "data-testid": "rated" }, view.say("rating.thanks"));
  if (!view.snapshot.rateable) return null;
  if (chosen) return h("section", { class: "rating", "data-testid": "reasons" }, h("h2", {}, view.say("rating.why")), h("div", { class: "reasons" }, REASONS.map((name) => reason(view, name))));
  return h("section", { class: "rating", "data-testid": "rating" }, h("h2", {}, view.say("rating.title")), h("div", { class: "faces" }, ["good", "fair", "poor"].map((name) => face(view, name))));
}
