// The leader's question, "did we lose anything?", and the walk from door to door that answers it.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, mark, moment, noteAt, secondAt } from "./parts.js";

const WHERE = "stock";
const sheet = (view, testid, key, path) => h("a", { href: `/api/clerk/${path}&lang=${view.local.language}`, class: "button is-small", target: "_blank", rel: "noopener", "data-testid": testid }, view.say(key));

/** What a leader reads or prints: the balance on one sheet, and this month and year with their plots. */
function sheets(view) {
  const now = view.snapshot.time;
  const month = `reports?from=${now.slice(0, 8)}01&to=${now.slice(0, 10)}&by=day`;
  return h(
    "p",
    { class: "buttons" },
    sheet(view, "sheet", "sheet.balance", "balance?as=html"),
    sheet(view, "report-month", "sheet.month", `${month}&as=html`),
    sheet(view, "report-year", "sheet.year", `reports?from=${now.slice(0, 4)}-01-01&to=${now.slice(0, 10)}&by=month&as=html`),
    h("a", { href: `/api/clerk/${month}&as=csv`, class: "button is-small", download: true, "data-testid": "report" }, view.say("report.month")),
  );
}

const listed = (numbers) => numbers.join(", ");

function checked(view, last) {
  if (!last) return h("p", { class: "details" }, view.say("stock.never"));
  return h(
    "p",
    { class: "details", "data-testid": "stock-last" },
    [
      view.say("stock.last", { time: moment(last.at), name: last.by, looked: last.looked }),
      last.differing.length > 0 && view.say("stock.differing", { list: listed(last.differing) }),
      last.unseen.length > 0 && view.say("stock.unseen", { list: listed(last.unseen) }),
    ]
      .filter(Boolean)
      .join(" · "),
  );
}

function underWay(view, check) {
  const isDisabled = view.local.busy.has(WHERE);
  return h(
    "div",
    { class: "look", "data-testid": "stock-running" },
    h("p", {}, view.say("stock.running", { left: check.left })),
    check.differing.length > 0 && h("p", {}, view.say("stock.differing", { list: listed(check.differing) })),
    check.next === null && check.left > 0 && h("p", {}, view.say("stock.none-opens")),
    h(
      "div",
      { class: "buttons" },
      check.next !== null && button({ act: "stock-open", testid: "stock-open", look: "is-primary", isDisabled, of: { where: WHERE } }, icon("door"), view.say("stock.next", { number: check.next })),
      button({ act: "stock-finish", testid: "stock-finish", isDisabled, of: { where: WHERE } }, icon("check"), view.say("stock.finish")),
    ),
  );
}

const begin = (view) =>
  h(
    "div",
    { class: "buttons" },
    button({ act: "stock-start", testid: "stock-start", isDisabled: view.local.busy.has(WHERE), of: { where: WHERE } }, icon("check"), view.say("stock.start")),
    button({ act: "stock-start-two", testid: "stock-start-two", of: { where: WHERE } }, icon("person"), view.say("stock.start-two")),
  );

export function stock(view) {
  const { balance, stock_check: check, me } = view.snapshot;
  return h(
    "section",
    { class: "card", "data-testid": "stock", "data-key": "stock" },
    h("h2", {}, view.say("stock.title")),
    h("p", { "data-testid": "stock-sum" }, view.say("stock.sum", balance)),
    h("p", { class: "marks" }, balance.holds ? mark("soft", "check", view.say("stock.holds")) : mark("red", "warning", view.say("stock.differs"))),
    h("p", { class: "details" }, balance.uncertain.length ? view.say("stock.uncertain", { list: listed(balance.uncertain.map((one) => one.compartment)) }) : view.say("stock.certain")),
    checked(view, balance.stock_check),
    me.role !== "technician" && (check ? underWay(view, check) : begin(view)),
    me.role === "leader" && sheets(view),
    noteAt(view, WHERE),
    secondAt(view, WHERE),
  );
}
