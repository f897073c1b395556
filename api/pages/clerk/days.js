// The office's calendar: the days ahead that differ from the week, and, for a leader, the hours of one of them.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, day, field, mark, noteAt } from "./parts.js";

const WHERE = "days";
const CAUSES = { own: "person", holiday: "cross", made_up: "arrow" };

const hoursOf = (view, hours) => (hours.length ? hours.join(", ").replaceAll("-", "–") : view.say("days.closed"));

export function days(view) {
  const { me, office_days: calendar } = view.snapshot;
  const isDisabled = view.local.busy.has(WHERE);
  const isLeader = me.role === "leader";
  const weekday = (date) => new Date(`${date}T12:00`).toLocaleDateString(view.local.language, { weekday: "short" });
  return h(
    "section",
    { class: "card", "data-testid": "days", "data-key": "days" },
    h("h2", {}, view.say("days.title")),
    calendar.days.length === 0 && h("p", { class: "none" }, view.say("days.none")),
    h(
      "ul",
      { class: "lines" },
      calendar.days.map((one) =>
        h(
          "li",
          { class: "line", "data-testid": `day-${one.day}`, "data-key": one.day },
          h("b", {}, `${weekday(one.day)} ${day(one.day)}`),
          h("span", {}, hoursOf(view, one.hours)),
          one.cause && mark(one.is_set ? "blue" : "soft", CAUSES[one.cause], view.say(`days.${one.cause}`)),
          isLeader && one.is_set && button({ act: "day-free", testid: `day-free-${one.day}`, look: "is-small", isDisabled, of: { day: one.day, where: WHERE } }, icon("undo"), view.say("days.free")),
        ),
      ),
    ),
    isLeader &&
      h(
        "form",
        { class: "look", "data-act": "day", "data-testid": "day-form", "data-key": "day-form" },
        h("p", {}, view.say("days.lead")),
        h(
          "div",
          { class: "row" },
          field(view.say("days.day"), "day", "day-day", { type: "date", required: true }),
          field(view.say("days.hours"), "hours", "day-hours", { placeholder: calendar.usual.join(", "), autocomplete: "off", maxlength: 60 }),
        ),
        h(
          "div",
          { class: "buttons" },
          h("button", { class: "button is-primary", "data-testid": "day-open", value: "open", disabled: isDisabled }, icon("check"), view.say("days.open")),
          h("button", { class: "button", "data-testid": "day-close", value: "closed", disabled: isDisabled }, icon("cross"), view.say("days.close")),
        ),
      ),
    noteAt(view, WHERE),
  );
}

export const dayActs = ({ perform }) => ({
  "day-free": ({ day: date, where }) => perform(where, `office-days/${date}/free`, {}, { good: "days.done" }),
});

// Nothing written: an open day has Monday's hours.
const written = (text) => text.replaceAll("–", "-").split(/[,;]/).map((one) => one.replace(/\s/g, "")).filter(Boolean);

export const dayForms = ({ perform, draw, view }) => ({
  day: async ({ elements }, submitter) => {
    const { day: date, hours } = elements;
    const open = hours.value.trim() ? written(hours.value) : view().snapshot.office_days.usual;
    const asked = { hours: submitter?.value === "closed" ? [] : open };
    if (await perform(WHERE, `office-days/${date.value}`, asked, { good: "days.done" })) date.value = hours.value = "";
    draw();
  },
});
