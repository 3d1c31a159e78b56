/** The panel beside the picture: what is selected, in detail. */

import { isStopped } from "./api-client.mjs";
import { button, code, copyButton, counted, el, entry, fill, named, number, time } from "./dom.mjs";
import { JOIN, MANY } from "./graph-actions.mjs";
import { kindName, labelName, recordName, splitNode } from "./object-kinds.mjs";
import { createCards, deletedText } from "./record-cards.mjs";
import { createEvents } from "./record-events.mjs";
import { SMALL_GROUP } from "./state.mjs";

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
  /** What the panel is about. */
  let of = "";

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
    if (of !== ids.join()) element.scrollTop = 0;
    of = ids.join();
    if (ids.length > 1) fill(element, several(ids, shown));
    else if (node) fill(element, ...record(node, kinds, shown));
    else if (group) fill(element, groupCard(group, shown, kinds));
    else if (link) fill(element, ...linkCard(link));
    else fill(element, legend(shown, kinds));
    if (hadFocus) element.focus();
  }

  const guard = (promise) => promise.catch((error) => isStopped(error) || app.fail(error));

  const cards = createCards(app, actions, { guard: (promise) => guard(promise), hasNames: () => hasNames });
  const events = createEvents(app, (promise) => guard(promise));

  function several(ids, shown) {
    const pair = ids.length === 2 && ids.every(actions.isShown);
    const records = ids.flatMap((id) => shown.nodes.find((node) => node.id === id) ?? []);
    return [el("h2", null, `${number(ids.length)} selected`),
      el("ul", { class: "plain" }, records.map((node) => el("li", null, entry(recordName(node), () => actions.select([node.id]))))),
      pair ? el("p", null, button("Find what joins them", () => actions.findPaths(ids), { class: "main" })) : null,
      el("div", { class: "row" }, button("Remove from picture", () => actions.remove(ids)), button("Keep only these", () => actions.keep(ids)))];
  }

  function record(node, kinds, shown) {
    const { signal } = stopping;
    const { object, record: id } = splitNode(node.id);
    const body = el("div");
    const wanted = app.route.params.card?.[0];
    const history = async () => events.ofRecord(body, node, { links: await cards.newestLinks(node, shown, signal), kinds, names: hasNames, signal });
    /** @type {[string, () => unknown][]} */
    const tabs = [["Links", () => cards.show(body, node, kinds, shown, signal)], ["History", history], ["Request", () => request(body, node)]];
    const bar = el("div", { class: "tabs", role: "tablist" }, tabs.map(([name, open], at) => el("button", {
      type: "button", role: "tab", "aria-selected": String(at === 0),
      onclick: ({ target }) => {
        for (const tab of bar.children) tab.setAttribute("aria-selected", String(tab === target));
        guard(Promise.resolve(open()));
      },
    }, name)));
    guard(cards.show(body, node, kinds, shown, signal, wanted));
    recount = (now, among) => {
      if (bar.firstElementChild.getAttribute("aria-selected") === "true") guard(cards.show(body, now, kinds, among, signal));
    };
    return [
      el("p", { class: "kind" }, el("a", { href: app.link({ view: "kind", object }) }, kindName(kinds, object))),
      el("h2", null, named(recordName(node))),
      node.deleted ? el("p", { class: "bad" }, `This ${kindName(kinds, object).toLowerCase()} `, deletedText(node), ".") : null,
      el("p", { class: "mono soft id" }, named(id), " ", copyButton(() => id)),
      el("div", { class: "row" }, button("Expand", () => actions.openNode(node.id)), button("Remove from picture", () => actions.remove([node.id])),
        button(JOIN, () => actions.findPaths([node.id]), { title: "Or select another record, too, with Shift and click" }),
        button("More …", ({ currentTarget }) => actions.menu(node.id, currentTarget))),
      bar, body];
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
    if (link.relation) guard(events.ofLink(body, link, signal));
    return [el("p", { class: "kind" }, "Link"),
      el("p", null, name(link.from), " is “", named(link.ownLabel || "–"), "” of ", name(link.to), "."),
      el("p", null, name(link.to), " is “", named(link.label || "–"), "” of ", name(link.from), "."),
      el("p", { class: "soft" }, "Association ", el("code", null, link.associationKey || link.association), link.at ? [", since ", time(link.at)] : "", `, event ${number(link.seq)}`),
      el("div", { class: "row" }, button(["Select ", name(link.from)], () => actions.select([link.from])), button(["Select ", name(link.to)], () => actions.select([link.to]))),
      body];
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
