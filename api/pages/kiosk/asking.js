// Asking about a dossier: two short numbers, what is told, and what may be wished for.

import { post } from "../shared/requests.js";
import { forget } from "./keyboard.js";
import { DOSSIER_LEAST, SECOND_DIGITS } from "./screens.js";
import { PREFIX, local, whileBusy } from "./state.js";

const question = () => ({ dossier: local.dossier, phone: local.second });

export function askOn() {
  if (local.step === "ask" && local.dossier.length >= DOSSIER_LEAST) {
    forget();
    Object.assign(local, { step: "ask-phone", second: "", note: null });
  } else if (local.step === "ask-phone" && local.second.length === SECOND_DIGITS) askStatus();
}

export const askStatus = () => asking("status", question(), (told) => Object.assign(local, { step: "told", told, sureFor: "" }));

/** Ask again for what is told after a wish was done: the digits are still here. */
export async function wish(what, hand) {
  await asking(`status/${what}`, { ...question(), hand_over: hand });
  if (!local.note) await askStatus();
}

async function asking(path, body, after = () => {}) {
  forget();
  await whileBusy(
    async () => after(await post(`${PREFIX}/${path}`, body)),
    ({ slug, body: problem, retryAfter }) => {
      if (slug === "status-unknown") Object.assign(local, { step: "ask", dossier: "", second: "" });
      const minutes = Math.ceil(retryAfter / 60);
      const key = { "status-unknown": "ask.unknown", "too-many-attempts": "ask.wait", "stay-refused": `stay.refused.${problem.reason}`, "wrong-stage": "answer.wrong-stage" }[slug];
      local.note = { key: key ?? "ask.unsent", values: { minutes } };
    },
  );
}
