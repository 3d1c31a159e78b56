/** What a location holds: counts, a picture of its kinds, a table of its associations. */

import { isStopped } from "./api-client.mjs";
import { createChangeTable } from "./change-table.mjs";
import { code, counted, el, fill, named, number, part } from "./dom.mjs";
import { cardinalityName, compareTexts, kindName } from "./object-kinds.mjs";
import { createPicture } from "./picture.mjs";
import { sizeStep } from "./sizes.mjs";

/** Changes that are listed here; there is a view with more. */
const LAST = 10;

/** Counts are asked for again so long after a change. */
const REST_MS = 2000;

/** @param {HTMLElement} region @param {object} route @param {import("./main.mjs").App} app */
export function mount(region, route, app) {
  const stopping = new AbortController();
  let picture = null;
  let table = null;
  /** What is shown: the summary, and its kinds with those that associations alone name. */
  let now = null;
  let deadLetters = null;
  let resting;
  const isPast = route.params.asOf !== undefined;
  const last = createChangeTable(app, LAST);
  const none = el("p", { class: "soft" }, "None was seen yet.");
  /** What stands above the rest, which may be wondered at without it. */
  const notes = el("div");
  region.classList.add("page");

  function showLast(kinds) {
    last.show(app.live.log.changes(), kinds);
    none.hidden = last.count() > 0;
    last.element.hidden = !none.hidden;
  }

  const unsubscribe = app.live.subscribe(({ news, isLost }) => {
    if (isLost) last.clear();
    app.location.kinds().then(showLast, () => {});
    if (isLost || news.length > 0) resting ??= setTimeout(refresh, REST_MS);
  });

  function showNotes() {
    fill(notes, unusable(app, deadLetters), pending(now.summary),
      now.summary.complete ? null : el("p", { class: "amber" }, "Not every violation was looked for: the limit of one query was reached."));
  }

  async function askForDeadLetters() {
    if (isPast) return;
    const { signal } = stopping;
    deadLetters = await app.api.get(["v1", "dead-letters"], { limit: 1 }, { signal }).catch(() => deadLetters);
    if (!signal.aborted) showNotes();
  }

  async function ask() {
    const [summary, kinds] = await Promise.all([app.location.summary(), app.location.kinds()]);
    return { summary, kinds, known: withKinds(summary, kinds) };
  }

  /** Shows new counts where the old ones are; where there are other parts now, everything. */
  async function refresh() {
    resting = undefined;
    try {
      const next = await ask();
      if (stopping.signal.aborted) return;
      const hasTable = ({ summary }) => summary.byAssociation.length > 0;
      if (!picture || next.known.size !== now.known.size || hasTable(next) !== hasTable(now)) return await load();
      now = next;
      region.querySelector(".counts").replaceWith(counts(app, now.summary));
      region.querySelector("ul.kinds").replaceWith(kindList(app, now.known));
      showNumbers();
      // A token that may not see them was refused once.
      if (deadLetters) askForDeadLetters();
    } catch (error) {
      if (!isStopped(error)) app.fail(error, refresh);
    }
  }

  /** Shows what is known now in the parts that there are. */
  function showNumbers() {
    const { summary, known } = now;
    showNotes();
    table.show(summary.byAssociation, known);
    picture?.show(kindModel(summary, known, isPast));
    picture?.describe(`${counted(known.size, "kind")} and ${counted(summary.byAssociation.length, "association")}; the table holds the same`);
  }

  async function load() {
    const next = await ask();
    if (stopping.signal.aborted) return;
    picture?.destroy();
    picture = null;
    now = next;
    const { summary, kinds, known } = now;
    const stage = el("div", { class: "stage kinds" });
    const card = el("div", { class: "card", hidden: true });
    table = associationTable(app);
    showLast(kinds);
    fill(region, counts(app, summary), notes,
      summary.records + summary.associations === 0 ? empty(app) : [
        part("Kinds and associations", el("div", { class: "beside" }, el("div", { class: "held" }, stage, card), kindList(app, known))),
        part("Associations", summary.byAssociation.length ? table.element : el("p", { class: "soft" }, "No event has declared an association yet.")),
        isPast ? null : part("Last changes", last.element, none, el("p", null, el("a", { href: app.link({ view: "changes" }) }, "All changes as they come"))),
      ]);
    if (stage.isConnected) {
      picture = createPicture(stage, {
        label: "Kinds and associations",
        scrolls: true,
        onSelect: ([id]) => select(id, card),
        scene: { endLabels: true },
        onOpen: (id) => now.known.has(id) && app.go({ view: "kind", object: id }),
      });
    }
    showNumbers();
    askForDeadLetters();
  }

  function select(id, card) {
    const { summary: { byAssociation }, known: kinds } = now;
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
      unsubscribe();
      clearTimeout(resting);
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

function kindModel({ byAssociation }, kinds, past) {
  const most = Math.max(...[...kinds.values()].map((kind) => kind.records ?? 0));
  return {
    nodes: [...kinds.values()].map(({ object, records = 0 }) => ({
      id: object, kind: object, text: kindName(kinds, object, 2), sub: number(records),
      size: sizeStep(records, most),
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

function unusable(app, answer) {
  const count = answer?.total ?? answer?.deadLetters.length;
  return count > 0 && el("p", { class: "amber" }, answer.total === undefined ? "Some deliveries" : counted(count, "delivery", "deliveries"), " could not be used. ",
    el("a", { href: app.link({ view: "dead-letters" }) }, "Dead letters"));
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
  ["Violations", (one) => one.violations, (one) => (one.violations ? el("a", { class: "bad", href: app.link({ view: "violations" }) }, counted(one.violations, "record")) : "none")],
];

const end = (app, kinds, object, label) => [
  named(label || "–"), " ", object ? el("a", { class: "soft", href: app.link({ view: "kind", object }) }, kindName(kinds, object)) : null,
];

/** Returns the class of a column: on a narrow page, minor ones are left out. */
const classOf = (column) => (column > 3 ? "number" : column > 1 ? "minor" : null);

/** Makes the table, which stays sorted as it is when it is shown anew. */
function associationTable(app) {
  let [all, shown, by, falling] = [columns(app, new Map()), [], 4, true];
  const rows = el("tbody");
  const heads = all.map(([text], at) => el("th", { scope: "col", class: classOf(at) }, el("button", { type: "button", class: "bare", onclick: () => {
    falling = by === at ? !falling : false;
    by = at;
    sort();
  } }, text)));
  function sort() {
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[by].setAttribute("aria-sort", falling ? "descending" : "ascending");
    const key = all[by][1];
    const sorted = [...shown].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
    if (falling) sorted.reverse();
    fill(rows, sorted.map((one) => el("tr", null, all.map(([, , cell], column) => el("td", { class: classOf(column) }, cell(one))))));
  }
  return {
    element: el("div", { class: "scroll" }, el("table", { class: "wide" }, el("thead", null, el("tr", null, heads)), rows)),
    show(associations, kinds) {
      [all, shown] = [columns(app, kinds), associations];
      sort();
    },
  };
}
