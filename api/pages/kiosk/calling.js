// For who has no code: a new one by message, or a call from the office and the ticket for it.

import { post } from "../shared/requests.js";
import { PREFIX, local, startOverKeeping, visit, whileBusy } from "./state.js";

/** Whether anything waits for this number is told to nobody: every number gets the same answer. */
export async function askForCode(by = { phone: local.phone }) {
  if (by.phone === "") return;
  await whileBusy(
    async () => {
      await post(`${PREFIX}/lost-code`, by);
      Object.assign(local, { step: "asked", phone: "" });
    },
    ({ slug }) => {
      const key = slug === "phone-malformed" ? "malformed" : slug === "notices-offline" ? "offline.lead" : "unsent";
      local.note = { key: `lost-code.${key}` };
    },
  );
}

/** In a visit the number on record is called; where there is none, and outside of one, it is typed. */
export async function askForCall(body) {
  if (body.phone === "") return;
  await whileBusy(
    async () => {
      const ticket = await post(`${PREFIX}/tickets`, { ...body, language: local.language });
      Object.assign(local, { ticket, phone: "", wantsCall: false });
    },
    ({ slug }) => {
      const key = { "phone-malformed": "malformed", "tickets-full": "full" }[slug] ?? "unsent";
      local.note = { key: `ticket.${key}`, isTrouble: true };
    },
  );
}

export function callMe() {
  const present = visit();
  if (present) askForCall({ visit: present.visit });
  else Object.assign(local, { step: "phone", phone: "", wantsCall: true, note: null });
}

export function ticketSeen() {
  local.ticket = null;
  if (!visit()) startOverKeeping();
}
