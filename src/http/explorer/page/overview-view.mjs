/** What a location holds: counts, a picture of its kinds, a table of its associations. */

import { isStopped } from "./api-client.mjs";
import { code, counted, el, fill, named, number, part } from "./dom.mjs";
import { cardinalityName, compareTexts, fallbackName, kindName } from "./object-kinds.mjs";
import { createPicture } from "./picture.mjs";

/** @param {HTMLElement} region @param {object} route @param {import("./main.mjs").App} app */
export function mount(region, route, app) {
  const stopping = new AbortController();
  let picture = null;
  region.classList.add("page");

  async function load() {
    const [summary, kinds] = await Promise.all([app.location.summary(), app.location.kinds()]);
    if (stopping.signal.aborted) return;
    const stage = el("div", { class: "stage kinds" });
    const card = el("div", { class: "card", hidden: true });
    const known = withKinds(summary, kinds);
    fill(region, counts(app, summary), pending(summary),
      summary.records + summary.associations === 0 ? empty(app) : [
        part("Kinds and associations", el("div", { class: "beside" }, el("div", { class: "held" }, stage, card), kindList(app, known))),
        part("Associations", summary.byAssociation.length ? associationTable(app, summary, known) : el("p", { class: "soft" }, "No event has declared an association yet.")),
      ],
      summary.complete ? null : el("p", { class: "amber" }, "Not every violation was looked for: the limit of one query was reached."));
    if (!stage.isConnected) return;
    picture = createPicture(stage, {
      label: `${counted(known.size, "kind")} and ${counted(summary.byAssociation.length, "association")}; the table holds the same`,
      onSelect: ([id]) => select(id, summary, known, card),
      scene: { endLabels: true },
      onOpen: (id) => known.has(id) && app.go({ view: "kind", object: id }),
    });
    picture.show(kindModel(summary, known, route.params.asOf !== undefined));
  }

  function select(id, { byAssociation }, kinds, card) {
    card.hidden = id === undefined;
    if (card.hidden) return;
    if (kinds.has(id)) {
      fill(card, el("h3", null, kindName(kinds, id, 2)), el("p", null, counted(kinds.get(id).records ?? 0, "record")),
        el("a", { class: "button main", href: app.link({ view: "kind", object: id }) }, "List them"));
      return;
    }
    const association = byAssociation.find((one) => one.id === id);
    if (association) fill(card, associationCard(association, kinds));
  }

  load().catch((error) => isStopped(error) || app.fail(error, load));
  return {
    unmount() {
      stopping.abort();
      picture?.destroy();
    },
  };
}

/** Returns the kinds with those that associations alone name. */
function withKinds({ byAssociation }, kinds) {
  const known = new Map(kinds);
  for (const { firstObjectKey, secondObjectKey } of byAssociation) {
    for (const object of [firstObjectKey, secondObjectKey]) {
      if (object && !known.has(object)) known.set(object, { object, records: 0 });
    }
  }
  return known;
}

/** Five sizes, by the square root of the number of records. */
function kindModel({ byAssociation }, kinds, past) {
  const most = Math.max(1, ...[...kinds.values()].map((kind) => kind.records ?? 0));
  return {
    nodes: [...kinds.values()].map(({ object, records = 0 }) => ({
      id: object, kind: object, text: kindName(kinds, object, 2), sub: number(records),
      size: 1 + Math.round(4 * Math.sqrt(records / most)),
    })),
    groups: [],
    links: byAssociation.filter((one) => one.firstObjectKey && one.secondObjectKey).map((one) => ({
      id: one.id, from: one.firstObjectKey, to: one.secondObjectKey,
      label: one.secondObjectLabel || one.key || one.id, ownLabel: one.firstObjectLabel || "", count: one.relations,
    })),
    past,
    spacing: 1.5,
  };
}

function counts(app, { records, relations, associations, seq }) {
  const here = app.locations.find((one) => one.locationId === app.location.location);
  return el("div", { class: "counts" }, el("h1", null, here?.name ?? app.location.location),
    [[records, "record"], [relations, "relation"], [associations, "association"]].map(([count, noun]) =>
      el("div", { class: "count" }, el("b", null, number(count)), " ", noun + (count === 1 ? "" : "s"))),
    el("div", { class: "count soft" }, "as of event ", el("b", null, number(seq))));
}

const pending = ({ pendingAssociations }) => pendingAssociations > 0 && el("p", { class: "amber" },
  `${counted(pendingAssociations, "association has", "associations have")} links but ${pendingAssociations === 1 ? "was" : "were"} never declared by an event.`);

const empty = (app) => el("div", null, el("p", null, "No events of this location show anything yet. Post one:"),
  code(`curl -s ${app.api.address(["webhooks"]).href} -H 'content-type: application/json' -d @event.json`));

function kindList(app, kinds) {
  const sorted = [...kinds.values()].sort((a, b) => (b.records ?? 0) - (a.records ?? 0) || compareTexts(a.object, b.object));
  return el("ul", { class: "plain kinds" }, sorted.map(({ object, records = 0 }) => el("li", null,
    el("a", { href: app.link({ view: "kind", object }) }, named(kindName(kinds, object, 2))), el("span", { class: "soft" }, number(records)))));
}

const CARDINALITIES = ["firstObjectToSecondObjectCardinality", "secondObjectToFirstObjectCardinality"];

function associationCard(one, kinds) {
  return [
    el("h3", null, one.key || one.id),
    el("p", null, `A ${kindName(kinds, one.firstObjectKey)} is “${one.firstObjectLabel || "–"}” of a ${kindName(kinds, one.secondObjectKey)}, which is its “${one.secondObjectLabel || "–"}”.`),
    el("p", null, counted(one.relations, "relation"), "; declared ", cardinalityName(one[CARDINALITIES[0]]), ", observed ", cardinalityName(one.observed?.[CARDINALITIES[0]])),
    one.violations ? el("p", { class: "bad" }, counted(one.violations, "record breaks", "records break"), " the declared cardinality") : null,
  ];
}

/**
 * Columns: heading, what to sort by, cell.
 * @returns {[string, (one: any) => string | number, (one: any) => unknown][]}
 */
const columns = (app, kinds) => [
  ["First", (one) => one.firstObjectLabel ?? "", (one) => end(app, kinds, one.firstObjectKey, one.firstObjectLabel)],
  ["Second", (one) => one.secondObjectLabel ?? "", (one) => end(app, kinds, one.secondObjectKey, one.secondObjectLabel)],
  ["Declared", (one) => one[CARDINALITIES[0]] ?? "", (one) => cardinalityName(one[CARDINALITIES[0]])],
  ["Observed", (one) => one.observed?.[CARDINALITIES[0]] ?? "", (one) => cardinalityName(one.observed?.[CARDINALITIES[0]])],
  ["Relations", (one) => one.relations, (one) => number(one.relations)],
  ["Violations", (one) => one.violations, (one) => (one.violations ? el(app.hasView("violations") ? "a" : "span", { class: "bad", href: app.link({ view: "violations" }) }, counted(one.violations, "record")) : "none")],
];

const end = (app, kinds, object, label) => [
  named(label || "–"), " ", object ? el("a", { class: "soft", href: app.link({ view: "kind", object }) }, kinds.has(object) ? kindName(kinds, object) : fallbackName(object)) : null,
];

function associationTable(app, { byAssociation }, kinds) {
  const all = columns(app, kinds);
  const rows = el("tbody");
  const heads = all.map(([text, key], at) => el("th", { scope: "col", class: at > 3 ? "number" : null }, el("button", { type: "button", class: "bare", onclick: () => sort(at, key) }, text)));
  function sort(at, key, falling = heads[at].getAttribute("aria-sort") === "ascending") {
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[at].setAttribute("aria-sort", falling ? "descending" : "ascending");
    const sorted = [...byAssociation].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
    if (falling) sorted.reverse();
    fill(rows, sorted.map((one) => el("tr", null, all.map(([, , cell], column) => el("td", { class: column > 3 ? "number" : null }, cell(one))))));
  }
  sort(4, all[4][1], true);
  return el("div", { class: "scroll" }, el("table", { class: "wide" }, el("thead", null, el("tr", null, heads)), rows));
}
