// Following the service: what a new snapshot changes of what the page remembers.

import { follow } from "../shared/live.js";
import { showSilentReceipt } from "./papers.js";
import { typeScan } from "./scans.js";
import { doorOf, isLastClosed, mannerOf, paperOf } from "./screens.js";
import { PREFIX, isIdle, local, now, redraw, seen, startOver, startOverKeeping, visit } from "./state.js";

function take(fresh) {
  const before = visit();
  Object.assign(seen, { snapshot: fresh, at: now() });
  Object.assign(local, { lostAt: null, isBarred: false });
  const present = visit();
  if (!before && present && !local.step.startsWith("intake-")) startOverKeeping();
  if (!isLastClosed(present)) seen.closedAt = Infinity;
  else if (seen.closedAt === Infinity) seen.closedAt = now();
  if (before && present && paperOf(present, local) && paperOf(before, local)?.stage !== paperOf(present, local).stage) papersMoved(paperOf(present, local));
  if (before && present && doorOf(before)?.stage !== doorOf(present)?.stage) visitMoved(doorOf(present));
  if (before && !present && before.visit !== local.leftVisit) visitEnded(before);
  redraw();
  typeScan(fresh.scan);
}

function visitMoved(door) {
  local.wrongFor = "";
  if (door?.stage === "opening" || door?.stage === "open") Object.assign(local, { note: null, waitUntil: 0 });
}

// Why no larger door opened is still to be read when the first one is shown as kept.
function papersMoved(paper) {
  if (paper.stage !== "withdrawn") local.note = null;
}

// The service may end a visit with its last answer; the person is thanked all the same.
function visitEnded(ended) {
  if (local.step.startsWith("intake-") && !isIdle()) return;
  const { thanksUntil, face, isRated } = local;
  const manner = mannerOf(local);
  const dropped = (ended.intakes ?? []).find((one) => one.stage === "dropped");
  startOver();
  if (dropped) {
    Object.assign(local, manner);
    showSilentReceipt(ended, dropped);
  }
  local.touchedAt = now();
  if (thanksUntil > now()) Object.assign(local, { ...manner, thanksUntil, face, isRated });
}

/** Follow until the page is left. */
export const followService = () =>
  follow({
    prefix: PREFIX,
    onSnapshot: take,
    onLost: () => {
      local.lostAt ??= now();
      setTimeout(redraw, 1_000);
    },
    onRefused: () => {
      local.isBarred = true;
      redraw();
      // In a desk set-up the start page lets this browser in again; a kiosk's own browser is started anew by its unit.
      setTimeout(() => local.isBarred && location.assign("/"), 5_000);
    },
  });
