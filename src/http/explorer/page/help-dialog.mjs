/** What the keys do. */

import { button, el } from "./dom.mjs";
import { openDialog } from "./dialog.mjs";

/** Whether single keys do something. */
export const singleKeys = { on: true };

const KEYS = [
  ["/", "Search"],
  ["?", "This table"],
  ["Arrow keys", "Select the nearest record in that direction, with Shift one more; in the list: up, down, open, close"],
  ["Enter, e", "Open the small groups of the selected record, or more of the selected group"],
  ["Space", "Unselect; in the list: select, with Shift one more"],
  ["Shift+F10", "Menu of the selected record"],
  ["h, Delete", "Remove from the picture"],
  ["p", "Find a path from the selected record, or between the two selected ones"],
  ["u", "Unpin"],
  ["Ctrl+z, Ctrl+Shift+z", "Undo, redo"],
  ["+, -, 0", "Zoom in, out, fit"],
  ["[, ]", "One event back, forward; with Shift a day"],
  ["l", "Picture or list"],
  ["n", "Names on or off"],
  ["Esc", "Close, then unselect, then stop asking"],
];

export function openHelp() {
  return openDialog("Keys and pointer", (close) => [
    el("p", null, "Double click opens a record or a group. Drag a record to pin it, the ground to move the picture; turn the wheel to zoom, with Ctrl where the page scrolls. Shift and click selects one more."),
    el("table", { class: "keys" }, el("tbody", null, KEYS.map(([key, what]) => el("tr", null, el("th", { scope: "row" }, el("kbd", null, key)), el("td", null, what))))),
    el("label", { class: "check" }, el("input", { type: "checkbox", checked: singleKeys.on, onchange: ({ target }) => { singleKeys.on = target.checked; } }), "Single keys do something, while the focus is on the picture or the list"),
    el("div", { class: "row" }, button("Close", () => close(), { class: "main" }), el("a", { class: "button", href: "../docs" }, "API of this server")),
  ]);
}
