"use strict";

const lang = document.body.dataset.lang;
const form = document.getElementById("announce");
let t = {};
const SILENT_S = 900;
const ENDED = ["cancelled", "refused", "reclaimed", "handed_out", "posted"];

async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const read = await answer.json();
  if (!answer.ok) {
    const flaws = (read.errors || []).map((flaw) => `${flaw.pointer}: ${flaw.detail}`).join("; ");
    throw new Error(flaws || read.detail || read.title);
  }
  return read;
}

function cell(text, className) {
  const td = document.createElement("td");
  td.textContent = text;
  if (className) td.className = className;
  return td;
}

function fill(id, rows) {
  const table = document.getElementById(id);
  const names = [...table.tHead.rows[0].cells].map((one) => one.textContent);
  table.tBodies[0].replaceChildren(
    ...rows.map((cells) => {
      const tr = document.createElement("tr");
      cells.forEach((one, at) => (one.dataset.name = names[at]));
      tr.append(...cells);
      return tr;
    }),
  );
  table.hidden = rows.length === 0;
  table.parentElement.querySelector(".none").hidden = rows.length > 0;
}

function clockTime(text) {
  return text ? new Date(text).toLocaleString(lang === "vi" ? "vi-VN" : "en-GB", { timeZone: "Asia/Ho_Chi_Minh" }) : "";
}

function contact(text) {
  if (!text) return t.never;
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(text)) / 1000));
  if (seconds < 5) return t.now;
  if (seconds > SILENT_S) return t.silent.replace("{since}", clockTime(text));
  return seconds < 300 ? t.ago.replace("{s}", seconds) : clockTime(text);
}

function isSilent(text) {
  return !text || Date.now() - Date.parse(text) > SILENT_S * 1000;
}

function showCabinets(cabinets) {
  fill(
    "cabinets",
    cabinets.map((one) => [
      cell(one.cabinet),
      cell(contact(one.last_contact), isSilent(one.last_contact) ? "look" : ""),
      cell(one.to_load, "number"),
      cell(one.inside, "number"),
      cell(one.to_look, one.to_look ? "number look" : "number"),
      cell(`${one.acked_through} (${t.epoch} ${one.epoch})`, "number"),
      cell(`${one.wishes_seen} / ${one.wish_head}`, "number"),
    ]),
  );
  const select = form.elements.cabinet;
  const names = cabinets.map((one) => one.cabinet);
  if ([...select.options].map((one) => one.value).join() !== names.join()) {
    select.replaceChildren(...names.map((name) => new Option(name, name)));
  }
}

function acts(one) {
  const td = cell("", "acts");
  const path = `/v1/results/${encodeURIComponent(one.result)}`;
  const add = (text, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.setAttribute("aria-label", `${text}, ${one.dossier_code}`);
    button.addEventListener("click", act);
    td.append(button);
  };
  if (one.cancel_reason || ENDED.includes(one.stage)) return td;
  if (!["collected", "gone"].includes(one.stage)) {
    add(t.delegate, () => nameDelegate(`${path}/delegate`));
    add(t.delegate_revoke, () => attempt(() => call("DELETE", `${path}/delegate`)));
  }
  add(t.cancel, () => attempt(() => call("POST", `${path}/cancel`, { reason: t.cancel_reason })));
  return td;
}

function nameDelegate(path) {
  const dialog = document.getElementById("delegate");
  const fields = dialog.querySelector("form").elements;
  fields.name.value = "";
  fields.phone.value = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "send") return;
    attempt(() => call("PUT", path, { name: fields.name.value, phone: fields.phone.value }));
  };
  dialog.returnValue = "";
  dialog.showModal();
}

function showResults(results) {
  fill(
    "results",
    results.map((one) => {
      const look = [];
      if (one.is_disputed) look.push(t.disputed);
      if (one.is_uncertain) look.push(t.uncertain);
      if (one.is_counter_wanted && one.stage === "in_cabinet") look.push(t.counter_wanted);
      if (one.kept_until && one.stage === "in_cabinet") look.push(`${t.kept_until} ${one.kept_until.split("-").reverse().join("/")}`);
      for (const cause of one.conflicts) look.push(t[cause] || cause);
      if (one.cancel_reason && ![...ENDED, "collected", "gone"].includes(one.stage)) look.push(t.cancelling);
      const row = [
        cell(one.dossier_code),
        cell(one.cabinet),
        cell((t[`stage_${one.stage}`] || one.stage).replace("{n}", one.compartment ?? "?"), `stage ${one.stage}`),
        cell(clockTime(one.since || one.announced_at)),
        cell(look.join("; "), "look"),
        acts(one),
      ];
      return row;
    }),
  );
}

// What a fact says, without the brackets of its JSON.
function told(body) {
  const said = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  return Object.entries(body).map(([name, value]) => `${name} ${said(value)}`).join(" · ");
}

function showFacts(facts) {
  fill(
    "facts",
    facts.map(({ envelope, reading, why }) => [
      cell(envelope.cabinet),
      cell(`${envelope.epoch}/${envelope.cab_seq}`, "number"),
      cell(clockTime(envelope.time) + (envelope.clock === "synced" ? "" : ` (${t.unconfirmed})`)),
      cell(envelope.type),
      cell(told(envelope.body) + (reading === "unreadable" ? ` [${t.unreadable}: ${why}]` : "")),
    ]),
  );
}

let isLooking = false;
let lookAgain = false;

async function look() {
  if (isLooking) {
    lookAgain = true;
    return;
  }
  isLooking = true;
  try {
    const [cabinets, results, facts] = await Promise.all([
      call("GET", "/v1/cabinets"),
      call("GET", "/v1/results?limit=100"),
      call("GET", "/v1/facts?limit=50"),
    ]);
    showCabinets(cabinets);
    showResults(results);
    showFacts(facts);
    document.getElementById("offline").hidden = true;
  } catch {
    document.getElementById("offline").hidden = false;
  }
  isLooking = false;
  if (lookAgain) {
    lookAgain = false;
    look();
  }
}

async function attempt(act) {
  const answer = document.getElementById("answer");
  try {
    await act();
    answer.textContent = "";
  } catch (error) {
    answer.textContent = `${t.failed}: ${error.message}`;
  }
  look();
}

function isoDay(day) {
  return new Date(day.getTime() - day.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
}

function dossierCode() {
  const number = String(Math.floor(Math.random() * 9000) + 1000);
  return `H29.190.5-${isoDay(new Date()).slice(2).replaceAll("-", "")}-${number}`;
}

function suggest() {
  const fields = form.elements;
  const month = new Date(Date.now() + 30 * 86400000);
  fields.name.value ||= "Nguyễn Thị Hoa";
  fields.phone.value ||= "0901234567";
  fields.procedure_code.value ||= "1.004873";
  fields.items.value ||= "Giấy xác nhận tình trạng hôn nhân";
  fields.deadline.value ||= isoDay(month);
  fields.dossier_code.value = dossierCode();
}

function announcement(dossier, items) {
  const fields = form.elements;
  return {
    cabinet: fields.cabinet.value,
    dossier_code: dossier,
    procedure_code: fields.procedure_code.value,
    items,
    recipient: {
      name: fields.name.value,
      phone: fields.phone.value || null,
      more_phones: fields.more_phones.value.split(/[;,]/).map((one) => one.trim()).filter(Boolean),
      language: fields.language.value,
      id_last4: fields.id_last4.value || null,
    },
    size: fields.size.value,
    reach: fields.reach.value,
    state: 9,
    consent: fields.consent.checked,
    fee: fields.fee.value,
    by_post: fields.by_post.checked,
    deadline: fields.deadline.value,
    second_check: fields.second_check.checked,
  };
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const items = form.elements.items.value.split("\n").map((line) => line.trim()).filter(Boolean);
  const wanted = [announcement(form.elements.dossier_code.value, items)];
  if (event.submitter && event.submitter.name === "three") {
    wanted.push(announcement(dossierCode(), ["Bản sao trích lục khai sinh"]));
    wanted.push(announcement(dossierCode(), ["Phiếu lý lịch tư pháp số 1"]));
  }
  attempt(async () => {
    for (const one of wanted) await call("POST", "/v1/results", one);
    suggest();
  }).then(() => {
    const answer = document.getElementById("answer");
    if (!answer.textContent) answer.textContent = t.sent;
  });
});

document.getElementById("print-slip").addEventListener("click", () => {
  const dossier = form.elements.dossier_code.value;
  attempt(async () => {
    const slip = await call("POST", "/v1/slips", { dossier_code: dossier });
    const drawn = new DOMParser().parseFromString(slip.svg, "image/svg+xml").documentElement;
    document.getElementById("slip-dossier").textContent = slip.dossier_code;
    document.getElementById("slip-qr").replaceChildren(document.importNode(drawn, true));
    document.getElementById("slip").hidden = false;
    document.body.classList.add("prints-slip");
    window.print();
  });
});

window.addEventListener("afterprint", () => {
  document.body.classList.remove("prints-slip");
  document.getElementById("slip").hidden = true;
  document.getElementById("slip-qr").replaceChildren();
});

async function start() {
  t = await (await fetch(`/assets/texts/${lang}.json`)).json();
  suggest();
  await look();
  new EventSource("/v1/changes").addEventListener("change", look);
  setInterval(look, 10000);
}

start();
