/** What the picture shows as a nested list: the same records, links and groups, in words. */

import { button, counted, el, entry, fill, named, number } from "./dom.mjs";
import { byCount, compareTexts, kindName, labelName, recordName } from "./object-kinds.mjs";
import { SMALL_GROUP } from "./state.mjs";

/**
 * @param {import("./graph-actions.mjs").Actions} actions
 */
export function createList(actions) {
  const element = el("div", { class: "list", role: "region", "aria-label": "List of what is shown", onkeydown: onKey });
  /** Records whose links are unfolded. */
  const unfolded = new Set();
  let names = new Map();

  function show(shown, selected, kinds) {
    const focused = element.contains(document.activeElement) ? focusedId() : null;
    const sections = new Map();
    for (const node of shown.nodes) sections.set(node.object, [...(sections.get(node.object) ?? []), node]);
    const ordered = [...sections].sort(([a, some], [b, others]) => others.length - some.length || compareTexts(a, b));
    const links = linksByNode(shown);
    names = new Map(shown.nodes.map((node) => [node.id, recordName(node)]));
    fill(element, ordered.map(([object, nodes]) => el("section", null,
      el("h2", null, kindName(kinds, object, 2), " ", el("span", { class: "soft" }, number(nodes.length))),
      el("ul", null, nodes.sort((a, b) => compareTexts(recordName(a), recordName(b))).map((node, at) =>
        item(node, { position: at + 1, of: nodes.length }, links.get(node.id) ?? [], shown, selected, kinds))))));
    if (focused) entries().find((entry) => entry.dataset.id === focused)?.focus({ preventScroll: true });
  }

  const focusedId = () => /** @type {HTMLElement} */ (document.activeElement).dataset.id;
  const select = (id) => (add) => actions.select([id], { add });

  const entries = () => /** @type {HTMLElement[]} */ ([...element.querySelectorAll(".entry[data-id]")]);

  function item(node, { position, of }, links, shown, selected, kinds) {
    const open = unfolded.has(node.id) || selected.has(node.id);
    const groups = shown.groups.filter(({ parent }) => parent === node.id);
    const inside = el("div", { hidden: !open });
    const fold = el("button", {
      type: "button", class: "bare fold", "aria-expanded": String(open), "aria-label": `Links of ${recordName(node)}`,
      onclick: () => toggle(!unfolded.has(node.id)),
    });
    function toggle(wanted) {
      if (wanted) unfolded.add(node.id);
      else unfolded.delete(node.id);
      inside.hidden = !wanted;
      fold.setAttribute("aria-expanded", String(wanted));
      if (wanted && !inside.firstChild) fill(inside, content(node, links, groups, kinds));
    }
    if (open) fill(inside, content(node, links, groups, kinds));
    return el("li", { "aria-setsize": of, "aria-posinset": position, class: selected.has(node.id) ? "selected" : null },
      fold,
      entry(recordName(node), select(node.id), { "data-id": node.id, "aria-pressed": String(selected.has(node.id)) }),
      el("span", { class: "soft" }, node.shown < node.links ? `${number(node.shown)} of ${counted(node.links, "link")} shown` : counted(node.links, "link")),
      node.violated.length ? el("span", { class: "bad" }, "breaks a cardinality") : null,
      node.mark === "removed" || node.deleted ? el("span", { class: "bad" }, "was deleted") : node.news ? el("span", { class: "changed" }, ` ${node.news} since it was shown`) : null,
      inside);
  }

  function content(node, links, groups, kinds) {
    const byLabel = new Map();
    for (const link of links) byLabel.set(link.label, [...(byLabel.get(link.label) ?? []), link]);
    const sorted = [...byLabel].map(([label, ends]) => ({ label, ends, count: ends.length, object: "" })).sort(byCount);
    return el("ul", null,
      sorted.map(({ label, ends, count }) => el("li", null, el("b", null, named(label || "–")), " ", el("span", { class: "soft" }, number(count)),
        el("ul", { class: "ends" }, ends.map((end) => el("li", null, entry(names.get(end.node), select(end.node))))))),
      groups.map((group) => el("li", null, button(
        `Open ${number(Math.min(group.count, SMALL_GROUP))} of ${counted(group.count, labelName(group), labelName(group))} of ${recordName(node)}`,
        () => actions.openGroup(group), { class: "bare more" }))),
      groups.length === 0 && node.shown < node.links ? el("li", null, button(`Open what is linked to ${recordName(node)}`, () => actions.openNode(node.id), { class: "bare more" })) : null);
  }

  function onKey(event) {
    const entry = event.target.closest(".entry[data-id]");
    if (!entry) return;
    const all = entries();
    const at = all.indexOf(entry);
    const fold = entry.parentElement.querySelector(".fold");
    const isOpen = fold.getAttribute("aria-expanded") === "true";
    if (event.key === "ArrowDown") all[at + 1]?.focus();
    else if (event.key === "ArrowUp") all[at - 1]?.focus();
    else if (event.key === "ArrowRight" && !isOpen) fold.click();
    else if (event.key === "ArrowLeft" && isOpen) fold.click();
    else if (event.key === "Enter") actions.openNode(entry.dataset.id);
    else return;
    event.preventDefault();
  }

  /** Puts the focus on the selected record, or on the first. */
  const focus = () => (entries().find((entry) => entry.getAttribute("aria-pressed") === "true") ?? entries()[0])?.focus();

  return { element, show, focus };
}

/** Returns the links of each node with the label and node of the far end. */
function linksByNode({ links }) {
  const found = new Map();
  const put = (node, link) => found.set(node, [...(found.get(node) ?? []), link]);
  for (const { from, to, label, ownLabel } of links) {
    put(from, { node: to, label });
    put(to, { node: from, label: ownLabel });
  }
  return found;
}

