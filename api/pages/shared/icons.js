// The icons of both pages, drawn as strokes on a 24 by 24 field. They decorate; the words beside them carry the meaning.

import { svg } from "./dom.js";

const STROKES = {
  arrow: "M4 12h15M13 6l6 6-6 6",
  back: "M20 12H5M11 6l-6 6 6 6",
  check: "M4.5 12.5l5 5 10-11",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5.5l3.5 2",
  contrast: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 3v18M15 4.5v15M18 6v12",
  cross: "M6 6l12 12M18 6L6 18",
  door: "M5 21V3h14v18M3 21h18M15 12h.01",
  envelope: "M3 6h18v12H3zM3 7l9 6.5L21 7",
  "face-good": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8.5 9.5h.01M15.5 9.5h.01M7.5 14c1.2 1.8 2.7 2.7 4.5 2.7s3.3-.9 4.5-2.7",
  "face-fair": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8.5 9.5h.01M15.5 9.5h.01M8 15.5h8",
  "face-poor": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8.5 9.5h.01M15.5 9.5h.01M7.5 16.7c1.2-1.8 2.7-2.7 4.5-2.7s3.3.9 4.5 2.7",
  help: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9.3 9.3a2.8 2.8 0 1 1 4.2 2.4c-1 .6-1.5 1-1.5 2.1M12 17h.01",
  key: "M14.5 3.5a6 6 0 1 0 0 .01M10.5 13.5L3.5 20.5M6 18l2.5 2.5",
  keypad: "M5 5h.01M12 5h.01M19 5h.01M5 12h.01M12 12h.01M19 12h.01M12 19h.01",
  erase: "M8 5h13v14H8l-6-7zM11.5 9l6 6M17.5 9l-6 6",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  down: "M12 4v14M6 12l6 6 6-6",
  undo: "M4 9h10a5.5 5.5 0 0 1 0 11H8M8 4L3.5 9 8 14",
  message: "M4 4h16v12h-9l-5 4.5V16H4zM8 8.5h8M8 12h5",
  offline: "M3 3l18 18M5 12.5a10 10 0 0 1 4.5-2.6M2 9a15 15 0 0 1 4.5-3M12 19h.01M9 16a4.5 4.5 0 0 1 5.5-.4M14 9.8a10 10 0 0 1 5 2.7M11 5a15 15 0 0 1 11 4",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4 21c.6-4.2 3.8-6.5 8-6.5s7.4 2.3 8 6.5",
  phone: "M5 3h4l2 5-2.5 1.8a12 12 0 0 0 5.7 5.7L16 13l5 2v4a2 2 0 0 1-2 2C10.5 20.5 3.5 13.5 3 5a2 2 0 0 1 2-2",
  reopen: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  scan: "M3 8V4h4M17 4h4v4M21 16v4h-4M7 20H3v-4M7 9v6M10.5 9v6M13.5 9v6M17 9v6",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5L21 21",
  warning: "M12 3.5L22 20.5H2zM12 10v5M12 17.8h.01",
  wrench: "M14.5 6.5a4.5 4.5 0 0 1 6-2.5l-3 3 .5 2.5 2.5.5 3-3M14.8 9.2L4 20",
};

/** The icon of that name; hidden from screen readers. */
export const icon = (name) =>
  svg(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" },
    svg("path", { d: STROKES[name] }),
  );
