/** The records that have more links than their association allows. */

import { isStopped } from "./api-client.mjs";
import { csvTable, fileName } from "./data-export.mjs";
import { button, code, counted, el, fill, named, number, part, tableHead } from "./dom.mjs";
import { cardinalityName, kindName, nodeOf } from "./object-kinds.mjs";
import { save } from "./picture-export.mjs";
import { cardName } from "./record-cards.mjs";
import { recordLink } from "./record-link.mjs";
import { violationRows, violationTable } from "./violation-rows.mjs";

/** Far ends of a record that are named. */
const ENDS_MAX = 5;

/** News are shown so long after they came. */
const REST_MS = 2000;

/** What each column says, and its class. */
const COLUMNS = [["Record", null], ["Kind", "minor"], ["Too many", null], ["Association", "minor"], ["Allowed", "number"], ["Has", "number"]];

/** @param {HTMLElement} region @param {import("./router.mjs").Route} route @param {import("./main.mjs").App} app */
export function mount(region, route, app) {
  let isOver = false;
  let resting;
  region.classList.add("page");

  async function load() {
    resting = undefined;
    try {
      const [summary, kinds] = await Promise.all([app.location.summary(), app.location.kinds()]);
      const { rows, unlisted } = violationRows(summary);
      const ends = await endsOf(rows);
      if (!isOver) show(summary, kinds, { rows, unlisted, ends });
    } catch (error) {
      if (!isStopped(error)) app.fail(error, load);
    }
  }

  /** Asks for the links that are too many, with one request for each association and side. */
  async function endsOf(rows) {
    const asked = new Map();
    for (const { record, association } of rows) {
      const key = cardName({ association: association.id, side: record.side });
      if (!asked.has(key)) asked.set(key, { association: association.id, side: record.side, of: [] });
      asked.get(key).of.push(nodeOf(record));
    }
    const ends = new Map();
    await Promise.all([...asked].map(async ([key, body]) => {
      const { results } = await app.location.post(["links"], { ...body, limit: ENDS_MAX }, { what: "the links that are too many" });
      for (const { of, links = [] } of results) ends.set(`${of} ${key}`, links);
    }));
    return ends;
  }

  function show(summary, kinds, { rows, unlisted, ends }) {
    const total = summary.byAssociation.reduce((sum, { violations }) => sum + violations, 0);
    const declared = summary.byAssociation.filter((one) => one.firstObjectToSecondObjectCardinality !== null).length;
    fill(region, el("h1", null, "Violations"),
      el("p", null, total === 0
        ? `No record has more links than its association allows. ${counted(declared, "association declares", "associations declare")} a cardinality.`
        : `${counted(total, "record has", "records have")} more links than the association allows.`),
      summary.complete ? null : el("p", { class: "amber" }, "Not every violation was looked for: the limit of one query was reached."),
      unlisted.map(({ association, count }) => el("p", { class: "amber" }, `${counted(count, "more record breaks", "more records break")} “`, named(association.key || association.id), "” and ", count === 1 ? "is" : "are", " not listed.")),
      rows.length === 0 ? null : [
        el("div", { class: "scroll" }, el("table", { class: "wide" }, tableHead(COLUMNS),
        el("tbody", null, rows.map((row) => line(row, kinds, ends))))),
        el("div", { class: "row" }, button("Export CSV", () => save(new Blob([csvTable(violationTable(rows))], { type: "text/csv" }), fileName(app.location.location, summary.seq, "violations.csv"))))],
      part("Request", code(app.api.curl("GET", app.location.at("summary"), { params: { asOf: app.location.moment() } }))));
  }

  function line({ record, label, association, allowed, has }, kinds, ends) {
    const card = cardName({ association: association.id, side: record.side });
    const links = ends.get(`${nodeOf(record)} ${card}`) ?? [];
    const cells = [recordLink(app, record, { card: [card] }), kindName(kinds, record.object),
      [named(label), links.length ? ": " : "", links.map((link, at) => [at > 0 ? ", " : "", recordLink(app, link)]), links.length > 0 && links.length < has ? " …" : ""],
      [named(association.key || association.id), " ", el("span", { class: "soft" }, cardinalityName(association.firstObjectToSecondObjectCardinality))],
      number(allowed), el("b", { class: "bad" }, number(has))];
    return el("tr", null, cells.map((cell, at) => el("td", { class: COLUMNS[at][1] }, cell)));
  }

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
