/** The panel beside the picture: what is selected, in detail. */

import { isStopped } from "./api-client.mjs";
import { pretty } from "./dead-letters.mjs";
import { button, code, copyButton, counted, day, el, entry, fill, named, number, time } from "./dom.mjs";
import { MANY } from "./graph-actions.mjs";
import { kindName, labelName, nodeOf, recordName, splitNode } from "./object-kinds.mjs";
import { groupId } from "./history.mjs";
import { SMALL_GROUP } from "./state.mjs";

/** Far ends that a card shows by itself, and links that are asked for to fill the cards. */
const CARD_ENDS = 5;
const CARD_LINKS = 100;
const LIST_PAGE = 50;
const HISTORY_PAGE = 20;

/**
 * @param {import("./main.mjs").App} app
 * @param {import("./graph-actions.mjs").Actions} actions
 */
export function createRecordPanel(app, actions) {
  const element = el("aside", { class: "panel", "aria-label": "Selection", tabindex: "-1" });
  let stopping = new AbortController();
  let key;
  /** How many links the selected record has, and what counts them again in its cards. */
  let counts = "";
  let recount = (_node, _shown) => {};
  let hasNames = true;
  /** The newest links of the last record: the picture may grow without an event. */
  let newest = { of: "", answer: null };

  /** Shows what is selected; what is there already stays. */
  function show(shown, selected, kinds, names = true) {
    hasNames = names;
    const ids = [...selected];
    const found = (list) => list.find(({ id }) => id === ids[0]);
    const [node, group, link] = [found(shown.nodes), found(shown.groups), found(shown.links)];
    const wanted = JSON.stringify([ids, names, node?.shown, group?.count, shown.nodes.length, shown.seq]);
    const links = JSON.stringify([node?.links, node?.news]);
    if (wanted === key) {
      if (links !== counts) recount(node, shown);
      counts = links;
      return;
    }
    [key, counts, recount] = [wanted, links, () => {}];
    stopping.abort();
    stopping = new AbortController();
    const hadFocus = element.contains(document.activeElement);
    if (ids.length > 1) fill(element, several(ids));
    else if (node) fill(element, ...record(node, kinds, shown));
    else if (group) fill(element, groupCard(group, shown, kinds));
    else if (link) fill(element, ...linkCard(link));
    else fill(element, legend(shown, kinds));
    if (hadFocus) element.focus();
  }

  const guard = (promise) => promise.catch((error) => isStopped(error) || app.fail(error));

  function several(ids) {
    const pair = ids.length === 2 && ids.every(actions.isShown);
    return [el("h2", null, `${number(ids.length)} selected`),
      pair ? el("p", null, button("Find what joins them", () => actions.findPaths(ids), { class: "main" })) : null,
      el("div", { class: "row" }, button("Remove", () => actions.remove(ids)), button("Keep only these", () => actions.keep(ids)))];
  }

  function record(node, kinds, shown) {
    const { signal } = stopping;
    const { object, record: id } = splitNode(node.id);
    const body = el("div");
    /** @type {[string, () => unknown][]} */
    const tabs = [["Links", () => cards(body, node, kinds, shown, signal)], ["History", () => history(body, node, signal)], ["Request", () => request(body, node)]];
    const bar = el("div", { class: "tabs", role: "tablist" }, tabs.map(([name, open], at) => el("button", {
      type: "button", role: "tab", "aria-selected": String(at === 0),
      onclick: ({ target }) => {
        for (const tab of bar.children) tab.setAttribute("aria-selected", String(tab === target));
        guard(Promise.resolve(open()));
      },
    }, name)));
    guard(cards(body, node, kinds, shown, signal));
    recount = (now, among) => {
      if (bar.firstElementChild.getAttribute("aria-selected") === "true") guard(cards(body, now, kinds, among, signal));
    };
    return [
      el("p", { class: "kind" }, el("a", { href: app.link({ view: "kind", object }) }, kindName(kinds, object))),
      el("h2", null, named(recordName(node))),
      el("p", { class: "mono soft id" }, named(id), " ", copyButton(() => id)),
      el("div", { class: "row" }, button("Expand", () => actions.openNode(node.id)), button("Remove", () => actions.remove([node.id])),
        button("More …", ({ currentTarget }) => actions.menu(node.id, currentTarget))),
      bar, body];
  }

  async function cards(body, node, kinds, shown, signal) {
    const of = JSON.stringify([node.id, shown.seq, node.links, node.news]);
    const [labels, answer] = await Promise.all([
      app.location.countLabels([node.id], signal),
      newest.of === of ? newest.answer : app.location.links(node.id, { limit: CARD_LINKS }, signal),
    ]);
    if (signal.aborted) return;
    newest = { of, answer };
    const groups = labels.get(node.id) ?? [];
    const hadFocus = body.contains(document.activeElement);
    fill(body, groups.length === 0 ? el("p", { class: "soft" }, "Nothing is linked to it.") : groups.map((group) => card(node, group, answer.links, shown, kinds, signal)));
    if (hadFocus) element.focus();
  }

  function card(node, group, links, shown, kinds, signal) {
    const mine = links.filter((link) => link.association === group.association && link.side === group.side && link.object === group.object);
    const ends = el("ul", { class: "plain" }, mine.slice(0, CARD_ENDS).map(end));
    const listPage = lister(ends, node, group, signal);
    const isBroken = node.violated.some((one) => groupId("", one) === groupId("", group));
    const hidden = shown.groups.find(({ id }) => id === groupId(node.id, group));
    const isOpen = shown.opened.get(node.id)?.has(groupId(node.id, group));
    const unshown = hidden ?? (shown.opened.has(node.id) ? null : { ...group, id: groupId(node.id, group), parent: node.id, total: group.count });
    return el("section", { class: "card" },
      el("h3", null, named(labelName(group)), " ", el("span", { class: "chip" }, number(group.count))),
      el("p", { class: "soft" }, kindName(kinds, group.object, group.count), group.ownLabel ? [" · it is their “", named(group.ownLabel), "”"] : ""),
      isBroken ? el("p", { class: "bad" }, ["Allows one ", named(labelName(group)), `, has ${number(group.count)}`]) : null,
      ends,
      el("div", { class: "row" },
        unshown ? button("Show on picture", () => actions.openGroup(unshown)) : null,
        isOpen ? button("Collapse", () => actions.collapse(node.id, group)) : null,
        group.count > Math.min(mine.length, CARD_ENDS) ? button(group.count > LIST_PAGE ? "Show more" : `Show all ${number(group.count)}`, ({ currentTarget }) => guard(listPage(currentTarget))) : null));
  }

  /** Returns what fills a card's list, one page at each call. */
  function lister(ends, node, { association, side, object, count }, signal) {
    let [listed, cursor, isAsking] = [0, undefined, false];
    return async (more) => {
      if (isAsking) return;
      isAsking = true;
      try {
        const answer = await app.location.links(node.id, { association, side, object, limit: LIST_PAGE, cursor }, signal);
        if (listed === 0) fill(ends);
        ends.append(...answer.links.map(end));
        listed += answer.links.length;
        cursor = answer.next;
        more.hidden = !answer.next;
        more.textContent = `Load ${LIST_PAGE} more (${number(listed)} of ${number(count)})`;
      } finally {
        isAsking = false;
      }
    };
  }

  const end = (link) => el("li", null,
    entry(hasNames ? recordName(link) : link.record, (add) => actions.showNode(nodeOf(link), { add })),
    el("span", { class: "soft since" }, link.at ? ["since ", day(link.at)] : `event ${number(link.seq)}`));

  async function history(body, node, signal) {
    const rows = el("ol", { class: "plain events" });
    const more = el("p");
    async function page(cursor) {
      const answer = await app.location.get(["history"], { of: node.id, order: "newest", limit: HISTORY_PAGE, cursor }, { signal, what: "the history" });
      rows.append(...answer.events.map((event) => eventRow(event, signal)));
      fill(more, answer.next ? button("Earlier events", () => guard(page(answer.next))) : null);
    }
    fill(body, rows, more);
    await page();
  }

  function eventRow(event, signal) {
    const body = el("div");
    return el("li", null, el("details", { ontoggle: ({ target }) => target.open && !body.firstChild && guard(raw(event, body, signal)) },
      el("summary", null, el("b", null, event.type), " ", time(event.receivedAt), el("span", { class: "soft" }, ` event ${number(event.seq)}`)), body));
  }

  async function raw({ seq }, body, signal) {
    const { events } = await app.api.get(app.location.at("events"), { after: seq - 1, limit: 1 }, { signal, what: "the event" });
    const text = events[0]?.body ?? "It is not kept any more.";
    fill(body, code(pretty(text)));
  }

  function request(body, node) {
    const { object, record: id } = splitNode(node.id);
    const params = { asOf: app.location.moment() };
    fill(body, el("p", null, "What this panel shows:"),
      code(app.api.curl("GET", app.location.at("labels"), { params: { of: node.id, ...params } })),
      code(app.api.curl("GET", app.location.at("objects", object, "records", id, "links"), { params: { order: "newest", ...params } })),
      code(app.api.curl("GET", app.location.at("history"), { params: { of: node.id, order: "newest" } })));
  }

  function groupCard(group, shown, kinds) {
    const parent = shown.nodes.find(({ id }) => id === group.parent);
    return [el("p", { class: "kind" }, `Group of ${kindName(kinds, group.object, 2)}`), el("h2", null, named(labelName(group))),
      el("p", null, `${number(group.count)} of ${counted(group.total, "link")} of `, named(recordName(parent)), " are not on the picture."),
      el("div", { class: "row" }, button(`Open ${number(Math.min(SMALL_GROUP, group.count))}`, () => actions.openGroup(group), { class: "main" }),
        group.count > SMALL_GROUP ? button(`Open ${number(Math.min(MANY, group.count))}`, () => actions.openGroup(group, MANY)) : null,
        button("Choose from a list", () => actions.select([group.parent])))];
  }

  function linkCard(link) {
    const name = (node) => named((hasNames && app.location.nameOf(node)) || splitNode(node).record);
    const body = el("div");
    const { signal } = stopping;
    if (link.relation) guard(relationHistory(body, link, signal));
    return [el("p", { class: "kind" }, "Link"),
      el("p", null, name(link.from), " is “", named(link.ownLabel || "–"), "” of ", name(link.to), "."),
      el("p", null, name(link.to), " is “", named(link.label || "–"), "” of ", name(link.from), "."),
      el("p", { class: "soft" }, "Association ", el("code", null, link.associationKey || link.association), link.at ? [", since ", time(link.at)] : "", `, event ${number(link.seq)}`),
      el("div", { class: "row" }, button(["Select ", name(link.from)], () => actions.select([link.from])), button(["Select ", name(link.to)], () => actions.select([link.to]))),
      body];
  }

  async function relationHistory(body, { relation }, signal) {
    const answer = await app.location.get(["history"], { relation, order: "newest", limit: HISTORY_PAGE }, { signal, what: "the history of the link" });
    fill(body, el("h3", null, "Events"), el("ol", { class: "plain events" }, answer.events.map((event) => eventRow(event, signal))));
  }

  function legend(shown, kinds) {
    const objects = new Map();
    for (const { object } of shown.nodes) objects.set(object, (objects.get(object) ?? 0) + 1);
    const labels = new Map();
    for (const { label, ownLabel } of shown.links) for (const text of new Set([label, ownLabel])) if (text) labels.set(text, (labels.get(text) ?? 0) + 1);
    const rows = (entries, hidden, field, name) => [...[...entries].sort((a, b) => b[1] - a[1]), ...[...hidden].filter((one) => !entries.has(one)).map((one) => [one, 0])]
      .map(([value, count]) => el("li", null, el("label", { class: "check" },
        el("input", { type: "checkbox", checked: !hidden.has(value), onchange: ({ target }) => app.step({ kind: `${target.checked ? "show" : "hide"}-${field}`, [field]: value }) }),
        named(name(value)), el("span", { class: "soft" }, number(count)))));
    if (objects.size + shown.hidden.objects.size === 0) return el("p", { class: "soft" }, "What is selected is described here.");
    return [el("h2", null, "Shown"), el("p", { class: "soft" }, "Select a record, a link or a group to see more of it."),
      el("h3", null, "Kinds"), el("ul", { class: "plain" }, rows(objects, shown.hidden.objects, "object", (object) => kindName(kinds, object, 2))),
      el("h3", null, "Labels"), el("ul", { class: "plain" }, rows(labels, shown.hidden.labels, "label", (label) => label))];
  }

  return { element, show, unmount: () => stopping.abort() };
}
