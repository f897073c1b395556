// A picture of this very cabinet, drawn from where its doors are.

import { svg } from "./dom.js";

const WIDTH = 100;
const HEIGHTS = { S: 62, M: 92, L: 132 };
const GAP = 8;
const RIM = 14;
const RULER = 56;

/**
 * Where each door lies in the picture: `{cells: [{door, x, y, width, height}], columns, rows, width, height}` in
 * picture units. A row is as high as its largest door; row 1 is the topmost, column 1 the leftmost.
 */
export function layOut(doors) {
  const rows = [...new Set(doors.map((door) => door.row))].sort((a, b) => a - b);
  const columns = [...new Set(doors.map((door) => door.column))].sort((a, b) => a - b);
  const rowTop = new Map();
  const rowHeight = new Map();
  let y = RULER + RIM;
  for (const row of rows) {
    const height = Math.max(...doors.filter((door) => door.row === row).map((door) => HEIGHTS[door.size] ?? HEIGHTS.S));
    rowTop.set(row, y);
    rowHeight.set(row, height);
    y += height + GAP;
  }
  const left = (column) => RULER + RIM + columns.indexOf(column) * (WIDTH + GAP);
  const cells = doors.map((door) => ({
    door,
    x: left(door.column),
    y: rowTop.get(door.row),
    width: WIDTH,
    height: rowHeight.get(door.row),
  }));
  return {
    cells,
    columns: columns.map((column) => ({ column, x: left(column) + WIDTH / 2 })),
    rows: rows.map((row) => ({ row, y: rowTop.get(row) + rowHeight.get(row) / 2 })),
    width: RULER * 2 + RIM * 2 + columns.length * (WIDTH + GAP) - GAP,
    height: y - GAP + RIM + 22,
  };
}

/** The steel around the doors: body, feet, and the numbers of rows and columns. */
export function steel(plan, marked = null) {
  const bottom = plan.height - 22;
  const ruler = (number, x, y, isMarked) =>
    svg(
      "g",
      { class: isMarked ? "ruler is-marked" : "ruler" },
      isMarked && svg("circle", { cx: x, cy: y, r: 26 }),
      svg("text", { x, y: y + 12, "text-anchor": "middle" }, number),
    );
  return [
    svg("rect", { class: "foot", x: RULER + 24, y: bottom - 4, width: 34, height: 22 }),
    svg("rect", { class: "foot", x: plan.width - RULER - 58, y: bottom - 4, width: 34, height: 22 }),
    svg("rect", {
      class: "body",
      x: RULER,
      y: RULER,
      width: plan.width - 2 * RULER,
      height: bottom - RULER,
      rx: 10,
    }),
    plan.columns.map(({ column, x }) => ruler(column, x, 28, marked?.column === column)),
    plan.rows.map(({ row, y }) => ruler(row, 28, y, marked?.row === row)),
  ];
}

const closedDoor = ({ door, x, y, width, height }) =>
  svg(
    "g",
    { class: "door", "data-number": door.number },
    svg("rect", { class: "leaf", x, y, width, height, rx: 5 }),
    svg("text", { x: x + width / 2, y: y + height / 2 + 12, "text-anchor": "middle" }, door.number),
  );

// The leaf swings out to the left, so that the dark inside shows at the right.
const openDoor = ({ door, x, y, width, height }, isMarked) =>
  svg(
    "g",
    { class: isMarked ? "door is-open is-marked" : "door is-open", "data-number": door.number },
    svg("rect", { class: "inside", x, y, width, height, rx: 5 }),
    svg("path", {
      class: "leaf",
      d: `M${x} ${y} l${width * 0.3} ${height * 0.16} v${height * 0.84} l${-width * 0.3} ${-height * 0.1} z`,
    }),
    svg("text", { x: x + width * 0.64, y: y + height / 2 + 13, "text-anchor": "middle" }, door.number),
  );

// The arrow comes from the side where it hides no number of a row: over a neighbour, never over the edge.
function isFromLeft(plan, target) {
  if (plan.columns.length === 1 || target.door.column === plan.columns[0].column) return false;
  return target.door.column === plan.columns.at(-1).column || target.x + target.width / 2 < plan.width / 2;
}

function pointer({ x, y, width, height }, isLeft) {
  const tip = isLeft ? x - 4 : x + width + 4;
  const way = isLeft ? -1 : 1;
  const middle = y + height / 2;
  const at = (dx, dy) => `${tip + way * dx} ${middle + dy}`;
  return svg("path", {
    class: "pointer",
    d: `M${at(0, 0)} L${at(36, -34)} L${at(36, -15)} L${at(64, -15)} L${at(64, 15)} L${at(36, 15)} L${at(36, 34)} Z`,
  });
}

/** The kiosk's picture: the door in question marked by shape, arrow and blinking; other open doors drawn open. */
export function cabinetPicture(doors, marked, label) {
  const plan = layOut(doors);
  const target = plan.cells.find((cell) => cell.door.number === marked);
  const others = plan.cells.filter((cell) => cell !== target);
  return svg(
    "svg",
    {
      class: plan.cells.length > 60 ? "cabinet is-dense" : "cabinet",
      viewBox: `0 0 ${plan.width} ${plan.height}`,
      role: "img",
      "aria-label": label,
      "data-testid": "cabinet-picture",
    },
    steel(plan, target?.door),
    others.map((cell) => (cell.door.is_open ? openDoor(cell, false) : closedDoor(cell))),
    target && openDoor(target, true),
    target && pointer(target, isFromLeft(plan, target)),
  );
}
