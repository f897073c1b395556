// The cabinet itself: its morning's look, and its moving and end.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, field, mark, moment, noteAt } from "./parts.js";

const STANDING = "standing";

/** Green or red before anything else: what the cabinet found when it looked at itself this morning. */
export function morning(view) {
  const { at, is_due: isDue, good, bad } = view.snapshot.self_check;
  if (!isDue && !at) return null;
  const look = isDue ? ["amber", "clock", view.say("check.due")] : bad.length ? ["red", "warning", view.say("check.red", { count: bad.length })] : ["soft", "check", view.say("check.green")];
  return h(
    "section",
    { class: "card", "data-testid": "self-check", "data-key": "self-check" },
    h("p", { class: "marks" }, h("b", {}, view.say("check.title")), mark(...look), at && h("span", { class: "details" }, moment(at))),
    !isDue && bad.length > 0 && h("ul", { class: "lines" }, bad.map((line) => h("li", { class: "line", "data-testid": `check-${line}`, "data-key": line }, h("b", {}, view.say(`check.line.${line}`)), h("span", {}, view.say(`check.do.${line}`))))),
    !isDue && bad.length > 0 && good.length > 0 && h("p", { class: "details" }, view.say("check.good", { list: good.map((line) => view.say(`check.line.${line}`)).join(", ") })),
  );
}

const formOf = (act, testid, ...children) => h("form", { class: "look", "data-act": act, "data-testid": testid, "data-key": testid }, children);

/** For a leader: take the cabinet out of use for a move, serve again elsewhere, or end it. */
export function standing(view) {
  const { me, standing: now } = view.snapshot;
  if (me.role !== "leader" && now.stage === "open") return null;
  const isDisabled = view.local.busy.has(STANDING);
  const steps = {
    open: () => [
      button({ act: "relocation-start", testid: "relocation-start", isDisabled, of: { where: STANDING } }, icon("arrow"), view.say("standing.start")),
      view.local.isRetiring
        ? formOf("retirement", "retirement", h("p", {}, view.say("standing.retire.lead")), field(view.say("standing.retire.id"), "cabinet", "retirement-id", { required: true }), h("button", { class: "button is-warning", "data-testid": "retirement-submit", disabled: isDisabled }, view.say("standing.retire")))
        : button({ act: "retirement-ask", testid: "retirement-ask", look: "is-small" }, view.say("standing.retire")),
    ],
    moving: () => [
      h("p", {}, view.say(now.is_checked ? "standing.checked" : "standing.unchecked")),
      now.is_checked && formOf("relocation-finish", "relocation-finish", field(view.say("standing.address"), "address", "relocation-address", { required: true, minlength: 3, maxlength: 40 }), h("button", { class: "button is-primary", "data-testid": "relocation-submit", disabled: isDisabled }, view.say("standing.finish"))),
    ],
    retired: () => null,
  };
  return h(
    "section",
    { class: "card", "data-testid": "standing", "data-key": "standing" },
    h("h2", {}, view.say("standing.title")),
    h("p", { class: "details" }, view.say(`standing.${now.stage}`), now.since && ` · ${moment(now.since)}`, now.by && ` · ${now.by}`),
    me.role === "leader" && steps[now.stage](),
    noteAt(view, STANDING),
  );
}
