// What is settled once in a while: the calendar, who works here, the cabinet's place and its messages.

import { h } from "../shared/dom.js";
import { account } from "./account.js";
import { days } from "./days.js";
import { deputies } from "./deputies.js";
import { members } from "./members.js";
import { texts } from "./texts.js";
import { standing } from "./unit.js";

export const office = (view) =>
  h("div", { class: "column column-office", "data-key": "office" }, days(view), account(view), members(view), deputies(view), standing(view), texts(view));
