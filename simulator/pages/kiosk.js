// The furniture in the middle of the cabinet: camera, screen, keys, scanner, receipt slot, speaker.

import { make } from "./dom.js";

export function kiosk(url) {
  const screen = url
    ? make("a", { className: "kiosk-screen", href: url, target: "_blank", rel: "noopener" })
    : make("div", { className: "kiosk-screen" });
  screen.append(make("span", { className: "kiosk-star" }), make("span", { className: "kiosk-words" }));
  const part = (name, ...children) => make("div", { className: `kiosk-${name}`, ariaHidden: "true" }, ...children);
  return make(
    "div",
    { className: "kiosk" },
    part("eye"),
    screen,
    part("keys", ...[..."123456789*0#"].map((key) => make("span", {}, key))),
    part("reader", make("span")),
    part("slit", make("span")),
    part("voice"),
    part("vent"),
  );
}
