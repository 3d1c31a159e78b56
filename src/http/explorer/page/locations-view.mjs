/** The locations of this server, or how to get the first event into an empty one. */

import { counted, el, fill, named, number, tableHead } from "./dom.mjs";
import { mountFirstRun } from "./first-run.mjs";

/** What each column says, and its class. */
const COLUMNS = [["Name", null], ["Id", "minor"], ["Records", "number"], ["Relations", "number"], ["Associations", "number minor"]];

/** @param {HTMLElement} region @param {object} route @param {import("./main.mjs").App} app */
export function mount(region, route, app) {
  if (app.locations.length === 0) return mountFirstRun(region, app);
  const rows = el("tbody");
  const none = el("p", { class: "soft", hidden: true }, "No location is called so.");
  const filter = (text) => {
    const wanted = text.trim().toLowerCase();
    const found = app.locations.filter(({ name = "", locationId }) => `${name} ${locationId}`.toLowerCase().includes(wanted));
    none.hidden = found.length > 0;
    fill(rows, found.map((location) => row(app, location)));
  };
  region.classList.add("page");
  region.append(
    el("h1", null, "Locations"),
    el("p", { class: "soft" }, "Each is a graph of its own; nothing links across them."),
    ...(app.locations.length > 8 ? [el("input", { type: "search", placeholder: "Filter by name or id", "aria-label": "Filter locations", oninput: ({ target }) => filter(target.value) })] : []),
    el("table", { class: "wide" },
      tableHead(COLUMNS), rows),
    none, app.moreLocations ? el("p", { class: "soft" }, `The first ${counted(app.locations.length, "location")} are listed.`) : "",
  );
  filter("");
  return { unmount() {} };
}

function row(app, { locationId, name, records, relations, associations }) {
  return el("tr", null,
    el("td", null, el("a", { href: app.link({ view: "overview", location: locationId }) }, named(name ?? locationId))),
    el("td", { class: "mono soft minor" }, named(locationId)),
    [records, relations, associations].map((count, at) => el("td", { class: COLUMNS[at + 2][1] }, number(count))));
}
