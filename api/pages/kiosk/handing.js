// The screens of a visit: the door that opens, what the person says of it, the next door, thanks.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { cabinetPicture } from "../shared/picture.js";
import { button, callLine, keycap, screen } from "./frame.js";
import { callMe } from "./lost.js";
import { rating } from "./rating.js";
import { choices, stayWords } from "./status.js";
import { disputeOf, doorOf } from "./screens.js";

function answerNote(view) {
  const { note } = view.local;
  if (!note?.key) return null;
  const words = view.say(note.key, { hotline: view.hotline });
  return h("p", { class: "note", role: "alert", "data-testid": "note" }, icon("warning"), h("span", {}, note.title && [h("strong", {}, view.say(note.title)), h("br")], words));
}

const answer = (view, said, keypad, testid, key, door, look = "") =>
  button(
    { act: "answer", keypad, testid, look: `is-answer ${look}`.trim(), isDisabled: view.local.isBusy, of: { said, hand: door.hand_over } },
    keycap(keypad),
    h("span", {}, view.say(key)),
  );

const finish = (view, key = "finish") =>
  button({ act: "leave", keypad: "*", testid: "finish", look: "is-quiet" }, keycap("*"), view.say(key));

export const picture = (view, door) =>
  h(
    "figure",
    { class: "where" },
    cabinetPicture(view.snapshot.doors, door.compartment, view.say("picture", { number: door.compartment, row: door.row, column: door.column })),
    h("figcaption", {}, h("strong", {}, view.say("place", { row: door.row, column: door.column })), h("span", {}, view.say("place.how"))),
  );

export const number = (view, door) =>
  h("p", { class: "number" }, h("span", {}, view.say("compartment")), h("strong", { "data-testid": "door-number" }, door.compartment));

export function opening(view) {
  const door = doorOf(view.visit);
  return screen("opening", view, [
    h(
      "section",
      { class: "do" },
      h("h1", { class: "unseen-words" }, view.say("opening.title", { number: door.compartment })),
      number(view, door),
      h("p", { class: "task" }, icon("door"), view.say("opening.do")),
    ),
    picture(view, door),
  ]);
}

export function open(view) {
  const door = doorOf(view.visit);
  const reminder = ["", "open.reminder", "open.reminder.strong"][door.reminder] ?? "";
  const say = { number: door.compartment, hotline: view.hotline };
  const isShut = button(
    { act: "answer", keypad: "3", testid: "answer-shut", look: "is-quiet", isDisabled: view.local.isBusy, of: { said: "door_is_shut", hand: door.hand_over } },
    keycap("3"),
    view.say("open.is-shut"),
  );
  const task = [
    h(
      "section",
      { class: "do" },
      h("h1", { class: "unseen-words" }, view.say("open.title", { number: door.compartment })),
      number(view, door),
      h("p", { class: "task" }, icon("envelope"), view.say("open.do", { count: door.items })),
      reminder &&
        h(
          "p",
          { class: `note is-level-${door.reminder}`, role: "alert", "data-testid": `reminder-${door.reminder}` },
          icon("warning"),
          h("span", {}, view.say(reminder, say)),
        ),
    ),
    picture(view, door),
  ];
  return screen("open", view, task, { buttons: [reminder && isShut] });
}

export const asked = (name, view, door, title, lead, answers, foot) =>
  screen(
    name,
    view,
    [
      h("section", { class: "question" }, number(view, door), h("div", {}, h("h1", {}, title), lead && h("p", { class: "lead" }, lead))),
      answerNote(view),
      h("div", { class: "answers" }, answers),
    ],
    { countdown: view.visitLeft, canHaveMore: true, ...foot },
  );

export function unseen(view) {
  const door = doorOf(view.visit);
  return asked("unseen", view, door, view.say("unseen.title", { number: door.compartment }), view.say("unseen.lead"), [
    answer(view, "received_all", "1", "answer-received", "unseen.yes", door),
    answer(view, "door_stayed_shut", "2", "answer-stayed-shut", "unseen.no", door),
    answer(view, "empty", "3", "answer-empty", "unseen.empty", door),
    button({ act: "wrong", keypad: "4", testid: "answer-wrong", look: "is-answer", of: { hand: door.hand_over } }, keycap("4"), view.say("unseen.wrong")),
  ]);
}

export function closed(view) {
  const door = doorOf(view.visit);
  const left = view.seconds(door.reopen_seconds_left);
  return asked(
    "closed",
    view,
    door,
    view.say("closed.title"),
    null,
    [
      button(
        {
          act: "answer",
          keypad: "Enter",
          testid: "answer-received",
          look: "is-primary is-answer is-tall",
          isDisabled: view.local.isBusy,
          of: { said: "received_all", hand: door.hand_over },
        },
        icon("check"),
        h("span", {}, view.say("closed.yes")),
        keycap("Enter"),
      ),
      button({ act: "wrong", keypad: "2", testid: "answer-wrong", look: "is-answer", of: { hand: door.hand_over } }, keycap("2"), view.say("closed.wrong")),
      left > 0 &&
        button(
          { act: "reopen", keypad: "3", testid: "reopen", look: "is-answer", isDisabled: view.local.isBusy, of: { hand: door.hand_over } },
          keycap("3"),
          h("span", {}, view.say("closed.reopen"), h("small", {}, view.say("closed.reopen-left", { seconds: left }))),
        ),
    ],
    { buttons: [finish(view)] },
  );
}

export function wrong(view) {
  const door = doorOf(view.visit);
  return asked(
    "wrong",
    view,
    door,
    view.say("wrong.title"),
    view.say("wrong.lead"),
    [
      answer(view, "empty", "1", "answer-empty", "wrong.empty", door),
      answer(view, "incomplete", "2", "answer-incomplete", "wrong.incomplete", door),
      answer(view, "not_mine", "3", "answer-not-mine", "wrong.not-mine", door),
    ],
    { buttons: [button({ act: "not-wrong", keypad: "*", testid: "back", look: "is-quiet" }, keycap("*"), view.say("wrong.back"))] },
  );
}

export function next(view) {
  const left = Math.ceil((view.local.waitUntil - view.now) / 1000);
  return screen(
    "next",
    view,
    [
      icon("door"),
      h("h1", { "data-testid": "waiting" }, view.say("next.title", { count: view.visit.waiting })),
      answerNote(view) ?? h("p", { class: "lead" }, view.say("next.lead")),
      button(
        { act: "next", keypad: "Enter", testid: "next-door", look: "is-primary is-answer is-tall", isDisabled: view.local.isBusy || left > 0 },
        left > 0 ? view.say("sorry.retry-in", { seconds: left }) : [h("span", {}, view.say("next.open")), keycap("Enter")],
      ),
      h("div", { class: "pair" }, view.visit.waiting > 1 && view.visit.next && skip(view, view.visit.next), view.local.note?.isTrouble && callMe(view, "4")),
    ],
    { countdown: view.visitLeft, canHaveMore: true, buttons: [finish(view, "next.later")] },
  );
}

const skip = (view, door) =>
  button(
    { act: "later", keypad: "3", testid: "later", look: "is-answer", isDisabled: view.local.isBusy, of: { hand: door.hand_over } },
    keycap("3"),
    h("span", {}, view.say("next.skip", { number: door.compartment })),
  );

export function high(view) {
  const door = view.visit.next;
  return screen(
    "high",
    view,
    [
      h(
        "section",
        { class: "do" },
        h("h1", { "data-testid": "door-number" }, view.say("high.title", { number: door.compartment })),
        answerNote(view) ?? h("p", { class: "lead" }, view.say("high.lead")),
        button({ act: "next", keypad: "Enter", testid: "next-door", look: "is-primary", isDisabled: view.local.isBusy }, h("span", {}, view.say("high.open")), keycap("Enter")),
        button(
          { act: "reach", keypad: "2", testid: "out-of-reach", look: "is-answer", isDisabled: view.local.isBusy, of: { hand: door.hand_over } },
          keycap("2"),
          h("span", {}, view.say("high.reach")),
        ),
        view.visit.waiting > 1 && skip(view, door),
      ),
      picture(view, door),
    ],
    { countdown: view.visitLeft, canHaveMore: true, buttons: [finish(view, "next.later")] },
  );
}

/** More papers for the office in the same visit, where the cabinet takes papers in. */
const handIn = (view) =>
  view.snapshot.intake?.is_offered &&
  button({ act: "intake", keypad: "0", testid: "hand-in", look: "is-quiet" }, keycap("0"), view.say("intake.hand-in"));

/** The first that was left inside: until when, and what else may be done with it. */
function leftInside(view) {
  const stay = view.visit.is_moved ? null : view.visit.left?.[0];
  if (!stay) return [];
  return [h("p", { class: "lead", "data-testid": "stay" }, stayWords(view, stay)), answerNote(view), h("div", { class: "answers" }, choices(view, stay))];
}

export function later(view) {
  const stay = leftInside(view);
  return screen(
    "later",
    view,
    [
      stay.length === 0 && icon("check"),
      h("h1", {}, view.say("later.title", { count: view.visit.later })),
      h("p", { class: "lead" }, view.say("later.lead")),
      view.visit.is_moved && h("p", { class: "lead", "data-testid": "moved" }, view.say("later.moved")),
      ...stay,
      handIn(view),
    ],
    { countdown: view.visitLeft, canHaveMore: true, buttons: [finish(view)] },
  );
}

export function disputed(view) {
  const door = disputeOf(view.visit, view.local);
  const goesOn = view.visit.waiting > 0;
  return screen(
    "disputed",
    view,
    [
      icon("check"),
      h("h1", {}, view.say("disputed.title", { number: door.compartment })),
      h("p", { class: "lead" }, view.snapshot.clock !== "unset" && `${view.say("disputed.noted", { time: view.snapshot.time.slice(11, 16) })} `, view.say("disputed.lead")),
      callLine(view),
      goesOn &&
        button({ act: "noted", keypad: "Enter", testid: "go-on", look: "is-primary", of: { hand: door.hand_over } }, view.say("disputed.go-on", { count: view.visit.waiting }), keycap("Enter")),
    ],
    { countdown: view.visitLeft, canHaveMore: true, buttons: [finish(view)] },
  );
}

export function leftOpen(view) {
  const door = doorOf(view.visit);
  return screen(
    "left-open",
    view,
    [
      h(
        "section",
        { class: "do" },
        h("h1", {}, view.say("left-open.title", { number: door.compartment })),
        h("p", { class: "lead" }, view.say("left-open.lead")),
        view.visit.waiting > 0 &&
          button({ act: "next", keypad: "Enter", testid: "next-door", look: "is-primary", isDisabled: view.local.isBusy }, view.say("next.open"), keycap("Enter")),
      ),
      picture(view, door),
    ],
    { countdown: view.visitLeft, canHaveMore: true, buttons: [finish(view)] },
  );
}

export function end(view) {
  const asks = rating(view);
  const left = Math.max(1, Math.ceil((view.local.thanksUntil - view.now) / 1000));
  return screen(
    "end",
    view,
    [
      asks === null && icon("check"),
      h("h1", {}, view.say("end.title")),
      asks === null && h("p", { class: "lead" }, view.say("end.lead")),
      h("p", { class: "lead" }, view.say("end.not-done")),
      asks,
      handIn(view),
    ],
    {
      countdown: left,
      buttons: [button({ act: "leave", keypad: "Enter", testid: "finish", look: "is-quiet" }, view.say("finish"), keycap("Enter"))],
    },
  );
}
