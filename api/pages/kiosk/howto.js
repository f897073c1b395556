// Small pictures of what to do, drawn here: the message, the open door, the door pushed shut.

import { svg } from "../shared/dom.js";

const picture = (...parts) => svg("svg", { class: "howto", viewBox: "0 0 160 110", "aria-hidden": "true" }, parts);
const shape = (name, look, attributes) => svg(name, { class: look, ...attributes });
const box = (look, x, y, width, height, rx = 4) => shape("rect", look, { x, y, width, height, rx });

const PICTURES = {
  message: () =>
    picture(
      box("solid", 50, 4, 60, 102, 10),
      box("page", 56, 14, 48, 74, 3),
      box("mark", 60, 24, 40, 30, 5),
      svg("text", { x: 80, y: 46, "text-anchor": "middle" }, "1234"),
      shape("path", "line", { d: "M62 64h36M62 74h24" }),
      shape("circle", "page", { cx: 80, cy: 97, r: 4 }),
    ),
  door: () =>
    picture(
      box("steel", 34, 6, 92, 98, 6),
      box("solid", 58, 18, 58, 74),
      box("page", 70, 46, 40, 28, 2),
      shape("path", "line", { d: "M70 47l20 15 20-15" }),
      shape("path", "steel", { d: "M58 18l-30 10v68l30-4z" }),
      shape("path", "mark", { d: "M90 84h24v-10l22 18-22 18v-10H90z" }),
    ),
  close: () =>
    picture(
      box("steel", 34, 6, 92, 98, 6),
      box("leaf", 56, 18, 60, 74),
      shape("circle", "solid", { cx: 66, cy: 56, r: 4 }),
      shape("path", "mark", { d: "M24 46h28V34l26 22-26 22V66H24z" }),
      shape("path", "tick", { d: "M88 56l10 10 20-22" }),
    ),
};

/** The picture of that step: message, door or close. The words beside it carry the meaning. */
export const howto = (name) => PICTURES[name]();
