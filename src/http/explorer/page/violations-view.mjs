/** The records that have more links than their association allows. */

import { isStopped } from "./api-client.mjs";
import { csvTable, fileName } from "./data-export.mjs";
import { button, code, counted, el, fill, named, number, part } from "./dom.mjs";
import { cardinalityName, kindName } from "./object-kinds.mjs";
import { save } from "./picture-export.mjs";
import { recordLink } from "./record-link.mjs";
import { violationRows, violationTable } from "./violation-rows.mjs";

/** News are shown so long after they came. */
const REST_MS = 2000;

/** @param {HTMLElement} region @param {import("./router.mjs").Route} route @param {import("./main.mjs").App} app */
export function mount(region, route, app) {
  let isOver = false;
  let resting;
  region.classList.add("page");

  async function load() {
    resting = undefined;
    try {
      const [summary, kinds] = await Promise.all([app.location.summary(), app.location.kinds()]);
      if (!isOver) show(summary, kinds);
    } catch (error) {
      if (!isStopped(error)) app.fail(error, load);
    }
  }

  function show(summary, kinds) {
    const { rows, unlisted } = violationRows(summary);
    const total = summary.byAssociation.reduce((sum, { violations }) => sum + violations, 0);
    const declared = summary.byAssociation.filter((one) => one.firstObjectToSecondObjectCardinality !== null).length;
    fill(region, el("h1", null, "Violations"),
      el("p", null, total === 0
        ? `No record has more links than its association allows. ${counted(declared, "association declares", "associations declare")} a cardinality.`
        : `${counted(total, "record has", "records have")} more links than the association allows.`),
      summary.complete ? null : el("p", { class: "amber" }, "Not every violation was looked for: the limit of one query was reached."),
      unlisted.map(({ association, count }) => el("p", { class: "amber" }, `${counted(count, "more record breaks", "more records break")} “`, named(association.key || association.id), "” and ", count === 1 ? "is" : "are", " not listed.")),
      rows.length === 0 ? null : [
        el("div", { class: "scroll" }, el("table", { class: "wide" }, el("thead", null, el("tr", null,
          ["Record", "Kind", "Too many", "Association", "Allowed", "Has"].map((text, at) => el("th", { scope: "col", class: at > 3 ? "number" : null }, text)))),
        el("tbody", null, rows.map((row) => line(row, kinds))))),
        el("div", { class: "row" }, button("Export CSV", () => save(new Blob([csvTable(violationTable(rows))], { type: "text/csv" }), fileName(app.location.location, summary.seq, "violations.csv"))))],
      part("Request", code(app.api.curl("GET", app.location.at("summary"), { params: { asOf: app.location.moment() } }))));
  }

  const line = ({ record, label, association, allowed, has }, kinds) => el("tr", null,
    el("td", null, recordLink(app, record)), el("td", { class: "soft" }, kindName(kinds, record.object)), el("td", null, named(label)),
    el("td", null, named(association.key || association.id), " ", el("span", { class: "soft" }, cardinalityName(association.firstObjectToSecondObjectCardinality))),
    el("td", { class: "number" }, number(allowed)), el("td", { class: "number bad" }, el("b", null, number(has))));

  const unsubscribe = app.live.subscribe(({ news, isLost }) => {
    if (isLost || news.length > 0) resting ??= setTimeout(load, REST_MS);
  });
  load();
  return {
    unmount() {
      isOver = true;
      clearTimeout(resting);
      unsubscribe();
    },
  };
}
