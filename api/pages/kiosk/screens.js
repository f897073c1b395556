// Which screen is due: a pure answer from the last snapshot and what was touched here since. An open door comes
// first, then the other doors of the visit, then the state of the cabinet, then what the person is typing.

import { freshLeaving } from "./leaving.js";

const PAPER_ORDER = ["opening", "open", "unseen", "dropped", "offered", "left_open", "uncertain", "withdrawn", "deposited"];
const DOOR_ORDER = ["opening", "open", "unseen", "closed", "left_open"];
const LOST_AFTER_MS = 800;

export const CODE_DIGITS = 12;
export const SECOND_DIGITS = 4;
export const PHONE_DIGITS = 10;
export const SLIP_DIGITS = 39;
export const DOSSIER_LEAST = 10;
export const DOSSIER_DIGITS = 15;
export const THANKS_MS = 15_000;
export const IDLE_MS = 90_000;
export const CLEARS_MS = 15_000;

/** What the page itself remembers: what is being typed and shown, never what happened in the cabinet. */
export const freshEntry = () => ({
  step: "idle",
  typed: "",
  second: "",
  paper: "",
  phone: "",
  slip: "",
  wantsCall: false,
  ticket: null,
  isStale: false,
  isBusy: false,
  note: null,
  sorry: "",
  waitUntil: 0,
  thanksUntil: 0,
  wrongFor: "",
  noted: [],
  leaving: freshLeaving(),
  leavingAt: -Infinity,
  receipt: null,
  printed: null,
  dossier: "",
  told: null,
  sureFor: "",
  face: "",
  isRated: false,
  topic: "",
  language: "vi",
  isLarge: false,
  isContrast: false,
  isVoice: false,
  isLit: false,
});

/** How the person wants to be talked to; it outlives a step back, and ends with the person. */
export const mannerOf = ({ language, isLarge, isContrast, isVoice, isLit }) => ({ language, isLarge, isContrast, isVoice, isLit });

/** The visit on screen: none once the person has left it here. */
export const visitOf = (snapshot, local) =>
  snapshot?.visit && snapshot.visit.visit !== local.leftVisit ? snapshot.visit : null;

/** The door the person is busy with, or null. */
export function doorOf(visit) {
  for (const stage of DOOR_ORDER) {
    const door = visit.doors.find((one) => one.stage === stage);
    if (door) return door;
  }
  return null;
}

/** The intake whose screen is due, or null; one that is over stays until it was noted. */
export function paperOf(visit, local) {
  const papers = (visit.intakes ?? []).filter((one) => !local.noted.includes(one.hand_over));
  for (const stage of PAPER_ORDER) {
    const paper = papers.find((one) => one.stage === stage);
    if (paper) return paper;
  }
  return null;
}

/** A dispute that was put on record in this visit and is still on screen, or null. */
export const disputeOf = (visit, local) =>
  visit.doors.find((one) => one.stage === "disputed" && !local.noted.includes(one.hand_over)) ?? null;

/** Whether a door's closing was the last thing of this visit: its screen is cleared soon, if nobody touches it. */
export const isLastClosed = (visit) =>
  visit !== null && visit.waiting === 0 && visit.intakes.length === 0 && visit.later === 0 && visit.doors.length > 0 && visit.doors.every((one) => one.stage === "closed");

function visitScreen(visit, local) {
  const door = doorOf(visit);
  const paper = door?.stage === "opening" || door?.stage === "open" ? null : paperOf(visit, local);
  if (paper) return `intake-${paper.stage.replace("_", "-")}`;
  if (door) {
    const canBeWrong = door.stage === "closed" || door.stage === "unseen";
    if (canBeWrong && local.wrongFor === door.hand_over) return "wrong";
    return door.stage.replace("_", "-");
  }
  if (disputeOf(visit, local)) return "disputed";
  if (local.step.startsWith("intake-")) return local.step;
  if (visit.waiting > 0) return visit.next?.is_high ? "high" : "next";
  return visit.later > 0 ? "later" : "end";
}

/** The name of the screen that is due at `now` (milliseconds of the page's clock). */
export function screenOf(snapshot, local, now) {
  if (local.isBarred) return "barred";
  if (snapshot === null || (local.lostAt !== null && now - local.lostAt >= LOST_AFTER_MS)) return "lost";
  const visit = visitOf(snapshot, local);
  if (snapshot.state === "starting") return "starting";
  if (local.ticket && !["opening", "open"].includes(visit && doorOf(visit)?.stage)) return "ticket";
  if (visit) return visitScreen(visit, local);
  if (local.thanksUntil > now) return "end";
  if (snapshot.state !== "ready") return snapshot.state;
  return local.step;
}
