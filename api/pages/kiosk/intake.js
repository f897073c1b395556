// The screens for papers that people leave: what to bring, who to tell, the door, the receipt.

import { h, svg } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, callLine, keycap, screen } from "./frame.js";
import { asked, number, picture } from "./handing.js";
import { groups, keypad, noteOf } from "./keypad.js";
import { FIELDS, isEnough, pathOf } from "./leaving.js";
import { printButton, printNote } from "./paper.js";
import { paperOf } from "./screens.js";

const KINDS = ["new", "supplement", "originals", "badge"];
const SIZES = ["S", "M", "L"];
// Width and height of the sheet on its picture, and how many lie on each other.
const SHEETS = { S: [42, 60, 2], M: [42, 60, 5], L: [60, 84, 3] };

const date = (iso) => iso.split("-").reverse().join("/");
const back = (view) => button({ act: "intake-back", keypad: "*", testid: "back", look: "is-quiet" }, keycap("*"), view.say("code.restart"));
const foot = (view) => ({ countdown: view.entryLeft, canHaveMore: true, buttons: [back(view)] });

const choice = (act, keypad, testid, of, ...words) =>
  button({ act, keypad, testid, look: "is-answer", of }, keycap(keypad), h("span", {}, words));

export function kinds(view) {
  return screen(
    "intake-kinds",
    view,
    [
      h("h1", {}, view.say("intake.kinds.title")),
      h("div", { class: "answers" }, KINDS.map((kind, at) => choice("intake-kind", String(at + 1), `kind-${kind}`, { kind }, view.say(`intake.kind.${kind}`)))),
      noteOf(view),
    ],
    foot(view),
  );
}

function sheets(size) {
  const [width, height, count] = SHEETS[size];
  const lying = Array.from({ length: count }, (_none, at) => svg("rect", { x: 6 + at * 4, y: 6 + at * 4, width, height, rx: 3 }));
  const name = svg("text", { x: 6 + (count - 1) * 4 + width / 2, y: 16 + (count - 1) * 4 + height / 2, "text-anchor": "middle" }, size === "L" ? "A3" : "A4");
  return svg("svg", { class: "sheets", viewBox: "0 0 88 104", "aria-hidden": "true" }, lying, name);
}

// Everything a person must know before a door opens: what belongs inside, what does not, and until when it is looked at.
export function bring(view) {
  const { intake } = view.snapshot;
  const { kind, reach } = view.local.leaving;
  const own = intake.bring[view.local.language] ?? [];
  const day = intake.checked_from || intake.promised;
  const words = intake.checked_from ? "intake.bring.closed" : "intake.bring.promised";
  return screen(
    "intake-bring",
    view,
    [
      h(
        "section",
        { class: "ask" },
        h("h1", {}, view.say(`intake.bring.${kind}`)),
        h("ul", { class: "rules" }, [...own, view.say("intake.bring.papers"), view.say("intake.bring.never")].map((line) => h("li", {}, line))),
        h("p", { class: "why", "data-testid": "promise" }, icon("clock"), h("span", {}, day ? view.say(words, { day: date(day) }) : view.say("intake.bring.soon"))),
      ),
      h(
        "section",
        { class: "answers" },
        h("h2", {}, view.say("intake.bring.size")),
        SIZES.map((size, at) =>
          button(
            { act: "intake-size", keypad: String(at + 1), testid: `size-${size}`, look: "is-answer", of: { size } },
            keycap(String(at + 1)),
            sheets(size),
            h("span", {}, view.say(`intake.size.${size}`, { thickness: intake.thickness_cm[at] })),
          ),
        ),
        button(
          { act: "intake-reach", keypad: "4", testid: "reach-low", look: "is-answer" },
          keycap("4"),
          reach === "low" && icon("check"),
          h("span", {}, view.say(reach === "low" ? "intake.reach.low" : "intake.reach.any")),
        ),
      ),
    ],
    foot(view),
  );
}

const ask = (name, view, { title, lead, typed, sendKey }) =>
  screen(
    name,
    view,
    [
      h("section", { class: "ask" }, h("h1", {}, title), h("p", { class: "lead" }, lead), typed, noteOf(view)),
      keypad(view, isEnough(name, view.local.leaving), sendKey),
    ],
    foot(view),
  );

const fieldLabel = (view, name) => view.say("intake.field", { count: view.local.leaving[FIELDS[name].field].length, most: FIELDS[name].most });

export function dossier(view) {
  const { kind, dossier: typed } = view.local.leaving;
  const key = kind === "badge" ? "intake.badge" : "intake.dossier";
  return ask("intake-dossier", view, {
    title: view.say(`${key}.title`),
    lead: view.say(`${key}.lead`),
    typed: groups(typed, [6, 7], false, fieldLabel(view, "intake-dossier")),
    sendKey: "intake.next",
  });
}

// Who names a dossier or an organisation may go on without a number.
const PHONE_LEADS = { badge: "intake.phone.badge", supplement: "intake.phone.known", originals: "intake.phone.known" };

const phoneScreen = (name, key) => (view) =>
  ask(name, view, {
    title: view.say(`${key}.title`),
    lead: view.say((name === "intake-phone" && PHONE_LEADS[view.local.leaving.kind]) || `${key}.lead`),
    typed: groups(view.local.leaving[FIELDS[name].field], [4, 3, 3], false, fieldLabel(view, name)),
    sendKey: "intake.next",
  });

export const phone = phoneScreen("intake-phone", "intake.phone");
export const again = phoneScreen("intake-again", "intake.again");

export function check(view) {
  return screen(
    "intake-check",
    view,
    [
      h("h1", {}, view.say("intake.check.title")),
      noteOf(view) ?? h("p", { class: "lead" }, view.say("intake.check.lead")),
      h("div", { class: "answers" }, [
        choice("intake-otp", "1", "check-otp", {}, view.say("intake.check.otp")),
        choice("intake-twice", "2", "check-twice", {}, view.say("intake.check.twice")),
      ]),
    ],
    foot(view),
  );
}

export const otp = (view) =>
  ask("intake-otp", view, {
    title: view.say("intake.otp.title"),
    lead: view.say("intake.otp.lead"),
    typed: groups(view.local.leaving.otp, [4, 4], false, fieldLabel(view, "intake-otp")),
    sendKey: "intake.next",
  });

export const bag = (view) =>
  ask("intake-bag", view, {
    title: view.say("intake.bag.title"),
    lead: view.say("intake.bag.lead"),
    typed: groups(view.local.leaving.bag, [6, 6], false, fieldLabel(view, "intake-bag")),
    sendKey: view.local.leaving.bag ? "intake.bag.send" : "intake.bag.none",
  });

// --- at the door

const bagLine = (view, paper) =>
  h("p", { class: "bag" }, h("span", {}, view.say("intake.bag")), h("strong", { "data-testid": "bag-number" }, paper.bag));

const place = (view, paper) => picture(view, paper);

const say = (view, paper, said, keypad, testid, key, look = "") =>
  button(
    { act: "intake-say", keypad, testid, look: `is-answer ${look}`.trim(), isDisabled: view.local.isBusy, of: { said, hand: paper.hand_over } },
    keycap(keypad),
    h("span", {}, view.say(key)),
  );

const larger = (view, paper, keypad, key = "intake.larger") =>
  button(
    { act: "intake-larger", keypad, testid: "does-not-fit", look: "is-answer", isDisabled: view.local.isBusy, of: { hand: paper.hand_over } },
    keycap(keypad),
    h("span", {}, view.say(key)),
  );

const finish = (view) => button({ act: "leave", keypad: "*", testid: "finish", look: "is-quiet" }, keycap("*"), view.say("finish"));

const atDoor = (name, key, symbol) => (view) => {
  const paper = paperOf(view.visit, view.local);
  return screen(name, view, [
    h(
      "section",
      { class: "do" },
      h("h1", { class: "unseen-words" }, view.say("open.title", { number: paper.compartment })),
      number(view, paper),
      h("p", { class: "task" }, icon(symbol), view.say(key)),
      bagLine(view, paper),
    ),
    place(view, paper),
  ]);
};

export const opening = atDoor("intake-opening", "opening.do", "door");
export const open = atDoor("intake-open", "intake.open.do", "envelope");
export const leftOpen = atDoor("intake-left-open", "left-open.lead", "warning");

export function dropped(view) {
  const paper = paperOf(view.visit, view.local);
  return asked("intake-dropped", view, paper, view.say("intake.dropped.title"), view.say("intake.dropped.lead"), [
    say(view, paper, "left", "1", "answer-left", "intake.dropped.left", "is-primary"),
    say(view, paper, "took_back", "2", "answer-took-back", "intake.dropped.took-back"),
    larger(view, paper, "3"),
  ]);
}

export function unseen(view) {
  const paper = paperOf(view.visit, view.local);
  return asked("intake-unseen", view, paper, view.say("unseen.title", { number: paper.compartment }), view.say("unseen.lead"), [
    say(view, paper, "left", "1", "answer-left", "intake.unseen.left"),
    say(view, paper, "door_stayed_shut", "2", "answer-stayed-shut", "unseen.no"),
    say(view, paper, "took_back", "3", "answer-took-back", "intake.unseen.took-back"),
  ]);
}

export function offered(view) {
  const paper = paperOf(view.visit, view.local);
  return asked(
    "intake-offered",
    view,
    paper,
    view.say("intake.offered.title"),
    view.say("intake.offered.lead"),
    [
      view.local.leaving.kind &&
        button({ act: "intake-open", keypad: "1", testid: "intake-again", look: "is-answer is-primary", isDisabled: view.local.isBusy }, keycap("1"), h("span", {}, view.say("intake.offered.again"))),
      larger(view, paper, "3", "intake.offered.other"),
    ],
    { buttons: [finish(view)] },
  );
}

const ended = (name, key, symbol) => (view) => {
  const paper = paperOf(view.visit, view.local);
  return screen(
    name,
    view,
    [
      icon(symbol),
      h("h1", {}, view.say(`${key}.title`, { number: paper.compartment })),
      noteOf(view) ?? h("p", { class: "lead" }, view.say(`${key}.lead`)),
      callLine(view),
      button({ act: "intake-done", keypad: "Enter", testid: "intake-done", look: "is-primary", of: { hand: paper.hand_over } }, view.say("finish"), keycap("Enter")),
    ],
    { countdown: view.visitLeft },
  );
};

export const withdrawn = ended("intake-withdrawn", "intake.withdrawn", "check");
export const uncertain = ended("intake-uncertain", "intake.uncertain", "warning");

// --- the receipt: what was recorded, as words and as a code that a phone can keep

function receiptScreen(name, view, shown, acts, countdown) {
  const { sentence } = view.snapshot.intake;
  const time = shown.sent_at
    ? `${shown.sent_at.slice(11, 16)} ${date(shown.sent_at.slice(0, 10))}`
    : view.say("intake.receipt.untimed", { position: shown.position });
  const path = `${pathOf(shown.visit, shown.hand_over)}/receipt/print`;
  const own = sentence[view.local.language] || sentence.vi;
  return screen(
    name,
    view,
    [
      h(
        "section",
        { class: "do" },
        h("h1", {}, view.say("intake.receipt.title")),
        h("dl", { class: "facts" }, [
          h("div", {}, h("dt", {}, view.say("intake.bag")), h("dd", { "data-testid": "receipt-bag" }, shown.bag)),
          h("div", {}, h("dt", {}, view.say("intake.receipt.sent")), h("dd", {}, time)),
          shown.promised && h("div", {}, h("dt", {}, view.say("intake.receipt.promised")), h("dd", {}, date(shown.promised))),
        ]),
        !shown.is_confirmed && h("p", { class: "note", "data-testid": "unconfirmed" }, icon("warning"), h("span", {}, view.say("intake.receipt.unconfirmed"))),
        h("p", { class: "small-print" }, view.say("intake.receipt.not-form"), own && ` ${own}`),
        h("p", { class: "acts" }, acts, printButton(view, path)),
      ),
      h(
        "figure",
        { class: "receipt" },
        h("img", { src: `${pathOf(shown.visit, shown.hand_over)}/receipt.svg`, alt: view.say("intake.receipt.code"), "data-key": shown.hand_over }),
        h("figcaption", {}, h("span", { role: "status", "data-testid": "print-note" }, printNote(view, path) || view.say("intake.receipt.keep"))),
      ),
    ],
    { countdown },
  );
}

export function deposited(view) {
  const paper = paperOf(view.visit, view.local);
  const done = button({ act: "intake-done", keypad: "Enter", testid: "intake-done", look: "is-primary", of: { hand: paper.hand_over } }, view.say("finish"), keycap("Enter"));
  const more = button({ act: "intake", keypad: "0", testid: "intake-more", look: "is-quiet", of: { hand: paper.hand_over } }, keycap("0"), view.say("intake.more"));
  return receiptScreen("intake-deposited", view, { ...paper, visit: view.visit.visit }, [done, more], view.visitLeft);
}

/** After a visit that ended without a word: the papers count as left, and nobody has looked inside. */
export function silent(view) {
  const done = button({ act: "back", keypad: "Enter", testid: "intake-done", look: "is-primary" }, view.say("finish"), keycap("Enter"));
  return receiptScreen("intake-silent", view, view.local.receipt, [done], view.entryLeft);
}
