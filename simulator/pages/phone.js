// The citizen's phone: messages by recipient, the code large enough to read and to copy at a touch.

import { make, say } from "./dom.js";
import { tongue, words } from "./words.js";

const CODE = /\b(\d{4}[ .-]?\d{4}[ .-]?\d{4})\b/;
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
  const first = drawn === "";
  drawn = wanted;
  drawRecipients(recipients, messages);
  const mine = messages.filter((message) => message.recipient === chosen);
  document.getElementById("phone-empty").hidden = mine.length > 0;
  document.getElementById("phone-sender").textContent = senderOf(mine) ?? words().sender;
  const list = document.getElementById("messages");
  list.replaceChildren(...mine.map(bubble));
  list.scrollTop = list.scrollHeight;
  if (came && !first) buzz();
}

function drawRecipients(recipients, messages) {
  const select = document.getElementById("recipient");
  select.hidden = recipients.length === 0;
  select.replaceChildren(
    ...recipients.map((recipient) => make("option", { value: recipient, selected: recipient === chosen }, recipient)),
  );
  select.onchange = () => {
    chosen = select.value;
    drawPhone(messages);
  };
}

const senderOf = (messages) => messages.at(-1)?.text.match(/^([^:]{3,24}):/)?.[1];

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
  return make("li", {}, text, make("time", {}, clock(message.time)));
}

async function copy(digits) {
  await navigator.clipboard?.writeText(digits.replaceAll(/\D/g, ""));
  say(words().copied(digits));
}

function clock(time) {
  const moment = new Date(time);
  if (Number.isNaN(moment.valueOf())) return "";
  return moment.toLocaleTimeString(tongue(), { hour: "2-digit", minute: "2-digit" });
}

function buzz() {
  const phone = document.getElementById("phone");
  phone.classList.remove("buzzes");
  void phone.offsetWidth;
  phone.classList.add("buzzes");
}

export function tick() {
  document.getElementById("phone-time").textContent = new Date().toLocaleTimeString(tongue(), {
    hour: "2-digit",
    minute: "2-digit",
  });
}
