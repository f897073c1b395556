// What a person types before leaving papers, step by step, and what is asked of the service for it. Pure but for `post`.

import { post } from "../shared/requests.js";

const PREFIX = "/api/kiosk";

/** How many signs each field of a step takes. */
export const FIELDS = {
  "intake-dossier": { field: "dossier", most: 13, least: 4 },
  "intake-phone": { field: "phone", most: 10, least: 10 },
  "intake-again": { field: "again", most: 10, least: 10 },
  "intake-otp": { field: "otp", most: 8, least: 8 },
  "intake-bag": { field: "bag", most: 12, least: 4 },
};

export const freshLeaving = () => ({ kind: "", size: "", reach: "any", dossier: "", phone: "", again: "", otp: "", bag: "", check: "" });

const BEFORE = {
  "intake-kinds": "idle",
  "intake-bring": "intake-kinds",
  "intake-dossier": "intake-bring",
  "intake-again": "intake-phone",
  "intake-check": "intake-phone",
  "intake-otp": "intake-check",
  "intake-bag": "intake-phone",
};

const namesDossier = (leaving) => leaving.kind !== "new";

/** The step before this one. */
export function stepBefore(step, leaving) {
  if (step === "intake-phone") return namesDossier(leaving) ? "intake-dossier" : "intake-bring";
  return BEFORE[step] ?? "idle";
}

/** What the page shows once the field of this step is full: the next step, or a note of what is wrong. */
export function stepAfter(step, leaving, canCheck) {
  if (step === "intake-bring") return { step: namesDossier(leaving) ? "intake-dossier" : "intake-phone" };
  if (step === "intake-dossier") return { step: "intake-phone" };
  if (step === "intake-phone") {
    if (leaving.phone === "" && namesDossier(leaving)) return { step: "intake-bag" };
    return { step: canCheck ? "intake-check" : "intake-again" };
  }
  if (step === "intake-again") return leaving.again === leaving.phone ? { step: "intake-bag" } : { note: "intake.phone.differs" };
  return { step: "intake-bag" };
}

/** Whether what was typed at this step is enough to go on. */
export function isEnough(step, leaving) {
  const { field, least } = FIELDS[step];
  const typed = leaving[field];
  if (typed === "") return step === "intake-bag" || (step === "intake-phone" && namesDossier(leaving));
  return typed.length >= least;
}

// Typed digits are the end of a dossier's code, without its dash; what was scanned stays as it is.
const codeOf = (typed) => (/^\d{10,13}$/.test(typed) ? `${typed.slice(0, 6)}-${typed.slice(6)}` : typed);

/** Ask for a compartment. Throws Problem. */
export function offer(leaving, { language, visit, isVoice }) {
  const names = namesDossier(leaving) ? codeOf(leaving.dossier) : null;
  return post(`${PREFIX}/intakes`, {
    kind: leaving.kind,
    size: leaving.size,
    reach: isVoice ? "low" : leaving.reach,
    phone: leaving.phone,
    phone_again: leaving.again,
    otp: leaving.otp || null,
    dossier: leaving.kind === "badge" ? null : names,
    badge: leaving.kind === "badge" ? names : null,
    bag: leaving.bag || null,
    language,
    visit: visit ?? (leaving.check || null),
  });
}

/** Ask for a code by message; gives the visit it is bound to. Throws Problem. */
export const askForOtp = async (leaving, { language, visit }) =>
  (await post(`${PREFIX}/phone-checks`, { phone: leaving.phone, language, visit })).visit;

export const pathOf = (visit, paper) => `${PREFIX}/visits/${encodeURIComponent(visit)}/intakes/${encodeURIComponent(paper)}`;
