// The hardware keypad and the scanner, both seen as keyboards. A key does what the button that shows it does; signs
// that come faster than fingers and end with Enter are one scan.

const BURST_MS = 50;
const SCAN_SIGNS = 8;
const MOST_SIGNS = 64;

const NAMES = { "#": "Enter", Escape: "*", Delete: "Backspace" };

/** Call `onKey(name)` for each key of the keypad and `onScan(text)` for each scan; `name` is 0-9, Enter, Backspace, *. */
export function listen({ onKey, onScan, now }) {
  let burst = "";
  let lastAt = -Infinity;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const isFast = now() - lastAt < BURST_MS;
    const isSign = [...event.key].length === 1;
    if (isSign || event.key === "Enter") lastAt = now();
    if (event.key === "Enter" && isFast && burst.length >= SCAN_SIGNS) {
      event.preventDefault();
      const scanned = burst;
      burst = "";
      onScan(scanned);
      return;
    }
    if (isSign) burst = (isFast ? burst + event.key : event.key).slice(-MOST_SIGNS);
    else if (event.key !== "Shift") burst = "";
    const name = NAMES[event.key] ?? event.key;
    if (!/^([0-9*]|Enter|Backspace)$/.test(name)) return;
    event.preventDefault();
    if (!event.repeat || name === "Backspace") onKey(name);
  });
}
