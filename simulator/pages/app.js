// The cabinet view: follows the simulator's stream and draws whole states; holds no truth of its own.

import { draw } from "./cabinet.js";
import { post } from "./dom.js";
import { drawSide } from "./faults.js";
import { drawPhone, tick } from "./phone.js";
import { label, switchLanguage } from "./words.js";

let state = null;
let chosen = null;

function show() {
  if (!state) return;
  document.body.classList.toggle("is-training", state.is_training);
  document.getElementById("training").hidden = !state.is_training;
  draw(state, chosen, choose);
  drawPhone(state.phone);
  drawSide(state, chosen);
}

function choose(number) {
  chosen = number;
  show();
}

function follow() {
  const stream = new EventSource("stream");
  stream.onmessage = (event) => {
    state = JSON.parse(event.data);
    document.getElementById("lost").hidden = true;
    show();
  };
  stream.onerror = () => {
    document.getElementById("lost").hidden = false;
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 1000);
  };
}

function toggle(id, act) {
  const button = document.getElementById(id);
  button.addEventListener("click", () => {
    const isOn = button.ariaPressed !== "true";
    button.ariaPressed = String(isOn);
    act(isOn);
  });
}

document.getElementById("language").addEventListener("click", () => {
  switchLanguage();
  tick();
  show();
});
document.getElementById("heal").addEventListener("click", () => post("mend"));
toggle("see-through", (isOn) => document.body.classList.toggle("see-through", isOn));
toggle("crowbar", (isOn) => document.body.classList.toggle("with-crowbar", isOn));
label();
tick();
setInterval(tick, 5000);
follow();
