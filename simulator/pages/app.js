// The cabinet view: follows the simulator's stream and draws whole states; holds no truth of its own.

import { draw } from "./cabinet.js";
import { drawSide } from "./faults.js";
import { drawPhone, tick } from "./phone.js";
import { label, switchLanguage } from "./words.js";

let state = null;
let chosen = null;

function show() {
  if (!state) return;
  draw(state, (number) => {
    chosen = number;
    drawSide(state, chosen);
  });
  drawPhone(state.phone);
  drawSide(state, chosen);
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

document.getElementById("language").addEventListener("click", () => {
  switchLanguage();
  tick();
  show();
});
document.getElementById("see-through").addEventListener("change", (event) => {
  document.body.classList.toggle("see-through", event.target.checked);
});
label();
tick();
setInterval(tick, 5000);
follow();
