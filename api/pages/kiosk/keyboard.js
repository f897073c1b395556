// The hardware keypad and the scanner, both seen as keyboards. A key does what the button that shows it does. A line
// that no keypad can type (other signs, more digits than a code), or that came faster than fingers, is one scan.

const PAUSE_MS = 1_000;
const FINGER_MS = 50;
const SCAN_SIGNS = 8;
const MOST_SIGNS = 100;
const CODE_DIGITS = 12;
const HELD_MS = 1_200;
const HELD_KEY = "5";

const NAMES = { "#": "Enter", Escape: "*", Delete: "Backspace" };

let line = "";

/** Drop the line typed so far: it is no beginning of a scan. */
export const forget = () => (line = "");

const isScan = (typed, spanMs) =>
  typed.length >= SCAN_SIGNS && (/\D/.test(typed) || typed.length > CODE_DIGITS || spanMs < FINGER_MS * typed.length);

/**
 * Call `onKey(name)` for each key of the keypad (0-9, Enter, Backspace, *), `onScan(text, beganAt)` for each scan, and
 * `onSign()` for each sign that only a scanner types, `onHold()` when the 5, which can be felt, is held down. A finger on a
 * key of which `onKey` says that it chose something instead of being typed drops the line typed so far.
 */
export function listen({ onKey, onScan, onSign, onHold }) {
  let beganAt = 0;
  let lastAt = 0;
  let holding = 0;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const at = event.timeStamp;
    if (!event.repeat) clearTimeout(holding);
    if (event.key === HELD_KEY && !event.repeat && event.isTrusted) holding = setTimeout(onHold, HELD_MS);
    if (event.key === "Enter" && isScan(line, at - beganAt) && at - lastAt < PAUSE_MS) {
      event.preventDefault();
      const scanned = line;
      forget();
      onScan(scanned, beganAt);
      return;
    }
    const name = NAMES[event.key] ?? event.key;
    const isByHand = line !== "" && at - lastAt > FINGER_MS;
    const isSign = [...event.key].length === 1 && name !== "*" && name !== "Enter";
    if (isSign) {
      if (line === "" || at - lastAt > PAUSE_MS) [line, beganAt] = ["", at];
      line = (line + event.key).slice(0, MOST_SIGNS);
      lastAt = at;
    } else if (event.key !== "Shift") {
      line = "";
    }
    if (/^([0-9*]|Enter|Backspace)$/.test(name)) {
      event.preventDefault();
      if ((!event.repeat || name === "Backspace") && onKey(name) && isByHand) line = "";
    } else if (isSign) {
      onSign();
    }
  });
  document.addEventListener("keyup", () => clearTimeout(holding));
}
