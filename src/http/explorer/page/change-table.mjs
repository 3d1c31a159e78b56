/** Changes as rows, the newest first. */

import { el, fill, named, number, tableHead, time } from "./dom.mjs";
import { changeWords, recordsOf } from "./change-words.mjs";
import { recordLink } from "./record-link.mjs";

/**
 * @param {import("./main.mjs").App} app
 * @param {number} most rows
 */
export function createChangeTable(app, most) {
  const rows = el("tbody");
  const element = el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "List of changes" }, el("table", { class: "wide changes" },
    tableHead([["When"], ["What"], ["Records"], ["Event", "number minor"]]), rows));
  let last = 0;

  function row(change, kinds) {
    const { text, sign, mark } = changeWords(change, kinds);
    const ends = recordsOf(change);
    return el("tr", null,
      el("td", null, time(change.at ?? change.receivedAt)),
      el("td", { class: mark }, el("span", { "aria-hidden": "true" }, `${sign} `), text),
      el("td", null, ends.length > 0 ? ends.map(({ record, label }, at) => [at > 0 ? " · " : "", recordLink(app, record), label ? [" ", el("span", { class: "soft" }, named(label))] : ""])
        : named(change.associationKey ?? change.association ?? change.name ?? change.record ?? "")),
      el("td", { class: "number minor" }, number(change.seq)));
  }

  return {
    element,
    /** Shows those that are new; rows that are there stay. */
    show(changes, kinds) {
      const fresh = changes.filter(({ seq }) => seq > last).slice(0, most);
      if (fresh.length === 0) return 0;
      last = fresh[0].seq;
      rows.prepend(...fresh.map((change) => row(change, kinds)));
      while (rows.children.length > most) rows.lastElementChild.remove();
      return fresh.length;
    },
    clear() {
      last = 0;
      fill(rows);
    },
    count: () => rows.children.length,
  };
}
