// Small verbs on the page: make an element, ask the simulator, say something for a moment.

import { words } from "./words.js";

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// The answer, true where there is none to read, null when it was refused or nobody answered.
export async function post(path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch {
    say(words().lost);
    return null;
  }
  const told = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) say(told?.detail?.toString() ?? `HTTP ${answer.status}`);
  return answer.ok ? told ?? true : null;
}

let silence;
export function say(text) {
  const toast = document.getElementById("toast");
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(silence);
  silence = setTimeout(() => toast.classList.remove("shown"), 3500);
}
