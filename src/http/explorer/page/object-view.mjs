/** The records of one kind, as a table. */

import { isStopped } from "./api-client.mjs";
import { button, counted, el, fill, named, number, tableHead } from "./dom.mjs";
import { byCount, kindName, labelName } from "./object-kinds.mjs";
import { recordLink } from "./record-link.mjs";
import { createSearchBox, showRecord } from "./search-box.mjs";

const PAGE = 100;

/** @param {HTMLElement} region @param {object} route @param {import("./main.mjs").App} app */
export function mount(region, route, app) {
  const { object } = route;
  const stopping = new AbortController();
  const { signal } = stopping;
  const rows = el("tbody");
  const more = el("p");
  const heading = el("h1");
  const labels = el("p", { class: "chips" });
  const finder = el("div");
  let listed = 0;

  async function load(cursor) {
    const answer = await app.location.get(["objects", object, "records"], { limit: PAGE, cursor }, { signal, what: "records" });
    rows.append(...answer.records.map((record) => row(app, { ...record, object })));
    const all = listed + answer.records.length;
    fill(more, all === 0 ? "There is no record of this kind." : answer.next
      ? button(`Load ${PAGE} more`, () => guard(load(answer.next)))
      : `All ${counted(all, "record")} are listed.`);
    // The button that had the focus is gone or another one.
    if (cursor !== undefined) rows.children[listed]?.querySelector("a")?.focus({ preventScroll: true });
    listed = all;
    app.announce(counted(all, "record") + " listed");
  }

  async function head() {
    const kinds = await app.location.kinds();
    const kind = kinds.get(object);
    fill(heading, kindName(kinds, object, 2), " ", el("span", { class: "soft" }, kind ? number(kind.records) : ""));
    fill(finder, createSearchBox(app, {
      id: "find-kind", object, label: `Find a ${kindName(kinds, object).toLowerCase()} by name or id`, onChoose: (found) => showRecord(app, found),
    }));
    const answer = await app.location.get(["objects", object, "links"], { limit: PAGE }, { signal, what: "the labels of the kind" });
    fill(labels, answer.links.map((link) => ({ ...link, count: 0 })).sort(byCount).map((link) =>
      el("span", { class: "chip", title: `${link.ownLabel ?? ""} → ${labelName(link)}` }, named(labelName(link)), el("span", { class: "soft" }, kindName(kinds, link.object)))));
  }

  const guard = (promise) => promise.catch((error) => isStopped(error) || app.fail(error));
  region.classList.add("page");
  region.append(heading, labels, finder, el("table", { class: "wide" },
    tableHead([["Name"], ["Id", "minor"], ["Links", "number"]]), rows), more);
  guard(head());
  guard(load());
  return { unmount: () => stopping.abort() };
}

function row(app, record) {
  return el("tr", null,
    el("td", null, recordLink(app, record)),
    el("td", { class: "mono soft minor" }, named(record.record)),
    el("td", { class: "number" }, number(record.links)));
}
