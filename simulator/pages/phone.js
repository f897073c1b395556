// The citizen's phone: messages by recipient, the code large enough to read and to copy at a touch.

import { make, say } from "./dom.js";
import { tongue, words } from "./words.js";

// Twelve digits open a compartment, eight check a phone.
const CODE = /(?<![\d.-])(?<!\d )(\d{4}[ .-]?\d{4}(?:[ .-]?\d{4})?)(?!-| ?\d)/;
const SENDER = /^([^:\d]{3,24}):/;
let chosen = null;
let count = 0;
let drawn = "";

export function drawPhone(messages) {
  const recipients = [...new Set(messages.map((message) => message.recipient))];
  const came = messages.length > count;
  count = messages.length;
  if (came || !recipients.includes(chosen)) chosen = messages.at(-1)?.recipient ?? null;
  const wanted = JSON.stringify([messages, chosen, tongue()]);
  if (wanted === drawn) return;
  const isFirst = drawn === "";
  drawn = wanted;
  drawRecipients(recipients, messages);
  const mine = messages.filter((message) => message.recipient === chosen);
  document.getElementById("phone-empty").hidden = mine.length > 0;
  document.getElementById("phone-sender").textContent = senderOf(mine.at(-1)) ?? words().sender;
  const list = document.getElementById("messages");
  list.setAttribute("aria-label", words().sender);
  list.replaceChildren(...mine.flatMap((message, at) => [...dayBefore(message, mine[at - 1]), bubble(message)]));
  list.scrollTop = list.scrollHeight;
  if (came && !isFirst) {
    list.lastElementChild.classList.add("arrives");
    buzz();
  }
}

function drawRecipients(recipients, messages) {
  const select = document.getElementById("recipient");
  select.hidden = recipients.length === 0;
  const told = (recipient) => `${spoken(recipient)} (${messages.filter((one) => one.recipient === recipient).length})`;
  select.replaceChildren(
    ...recipients.map((recipient) => make("option", { value: recipient, selected: recipient === chosen }, told(recipient))),
  );
  select.onchange = () => {
    chosen = select.value;
    drawPhone(messages);
  };
}

// +84912345678 as it is said here: 0912 345 678.
const spoken = (number) => number.replace(/^\+84(\d{2,3})(\d{3})(\d{3})$/, "0$1 $2 $3");

const senderOf = (message) => message?.text.match(SENDER)?.[1];

function dayBefore(message, earlier) {
  const day = dated(message.time, { day: "numeric", month: "long" });
  if (!day || (earlier && dated(earlier.time, { day: "numeric", month: "long" }) === day)) return [];
  return [make("li", { className: "day" }, day)];
}

function bubble(message) {
  const text = make("p");
  const code = message.text.match(CODE);
  if (code) {
    const digits = code[1];
    text.append(
      message.text.slice(0, code.index),
      make("button", { type: "button", className: "code", title: words().copy, onclick: () => copy(digits) }, digits),
      message.text.slice(code.index + digits.length),
    );
  } else {
    text.append(message.text);
  }
  const from = make("span", { className: "from" }, senderOf(message) ?? words().sender);
  return make("li", {}, text, make("span", { className: "when" }, from, make("time", { dateTime: message.time }, clock(message.time))));
}

async function copy(digits) {
  await navigator.clipboard?.writeText(digits.replaceAll(/\D/g, ""));
  say(words().copied(digits));
}

function dated(time, how) {
  const moment = new Date(time);
  return Number.isNaN(moment.valueOf()) ? "" : moment.toLocaleString(tongue() === "vi" ? "vi-VN" : "en-GB", how);
}

const clock = (time) => dated(time, { hour: "2-digit", minute: "2-digit" });

function buzz() {
  const phone = document.getElementById("phone");
  phone.classList.remove("buzzes");
  void phone.offsetWidth;
  phone.classList.add("buzzes");
}

export function tick() {
  document.getElementById("phone-time").textContent = clock(Date.now());
}
