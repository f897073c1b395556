// What the panel tells: power, the open case, the locks' current, and a clock that nobody sets.
import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { button, noteAt } from "./parts.js";

const banner = (key, look, ...children) => h("div", { class: `banner ${look}`, role: "status", "data-testid": key, "data-key": key }, children);

/** One banner for each thing that is not as it should be. */
export function panelBanners(view) {
  const { panel, clock } = view.snapshot;
  return [
    panel.is_stopping && banner("panel-stopping", "is-red", icon("warning"), view.say("panel.stopping")),
    panel.battery_minutes !== null && !panel.is_stopping && banner("panel-battery", "is-red", icon("warning"), view.say("panel.battery", { minutes: panel.battery_minutes })),
    panel.opened.map((part) => banner(`panel-${part}`, "", icon("warning"), view.say(`panel.${part}`))),
    panel.is_supply_cut &&
      banner(
        "panel-supply",
        "is-red",
        icon("warning"),
        view.say("panel.supply"),
        button({ act: "lock-supply", testid: "lock-supply", isDisabled: view.local.busy.has("lock-supply"), of: { where: "lock-supply" } }, view.say("panel.supply.restore")),
        noteAt(view, "lock-supply"),
      ),
    ["out", "low", "offline"].includes(panel.printer) && banner("panel-printer", "", icon("warning"), view.say(`panel.printer.${panel.printer}`)),
    clock === "unset" && banner("panel-clock", "is-red", icon("warning"), view.say("panel.clock"), clockForm(view)),
  ];
}

const clockForm = (view) =>
  h(
    "form",
    { "data-act": "clock", "data-testid": "clock-form", "data-key": "clock-form" },
    h("input", { type: "datetime-local", name: "local", required: true, "aria-label": view.say("panel.clock.time"), "data-testid": "clock-time" }),
    h("button", { class: "button", "data-testid": "clock-set", disabled: view.local.busy.has("clock") }, view.say("panel.clock.set")),
    noteAt(view, "clock"),
  );
