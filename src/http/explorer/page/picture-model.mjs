/** What is shown as a plain model for the picture: what is selected, faded, marked. */

import { kindName, labelName, recordName } from "./object-kinds.mjs";

/** Characters of an id that stand for a record without a name. */
const ID_CHARACTERS = 8;

/**
 * @param {{ nodes: object[], links: object[], groups: object[] }} shown as `state.mjs` answers
 * @param {object} options
 * @param {Map<string, object>} options.kinds
 * @param {Set<string>} options.selected ids of nodes, groups and links
 * @param {boolean} options.names whether names are shown
 * @param {boolean} options.past
 * @param {(id: string) => boolean} options.isPinned
 */
export function pictureModel(shown, { kinds, selected, names, past, isPinned }) {
  const near = neighbours(shown, selected);
  const isFaded = (id) => near.size > 0 && !near.has(id);
  const nodes = shown.nodes.map((node) => ({
    id: node.id,
    kind: node.object,
    text: nodeText(node, kinds, names),
    sub: node.deleted ? `${kindName(kinds, node.object)}, deleted` : kindName(kinds, node.object),
    pinned: isPinned(node.id),
    selected: selected.has(node.id),
    faded: isFaded(node.id),
    mark: node.mark ?? (node.deleted ? "removed" : node.violated?.length ? "violation" : undefined),
    badge: node.news || (node.links > node.shown && !hasGroups(shown, node.id) ? node.links - node.shown : undefined),
  }));
  const groups = shown.groups.map((group) => ({
    id: group.id, parent: group.parent, label: labelName(group), count: group.count, kind: group.object,
    selected: selected.has(group.id), faded: isFaded(group.id),
  }));
  const links = shown.links.map((link) => ({
    id: link.id, from: link.from, to: link.to, label: link.label, ownLabel: link.ownLabel, state: link.state,
    selected: selected.has(link.id), faded: near.size > 0 && !(near.has(link.from) && near.has(link.to)),
  }));
  return { nodes, groups, links, past };
}

/** Returns a model with this node selected, or none. */
export const selecting = (model, id) => ({ ...model, nodes: model.nodes.map((node) => ({ ...node, selected: node.id === id })) });

/** Returns what is written at a node. */
export function nodeText(node, kinds, names) {
  if (!names) return kindName(kinds, node.object);
  const text = recordName(node);
  return node.name === undefined && text.length > ID_CHARACTERS + 2 ? text.slice(0, ID_CHARACTERS) + "…" : text;
}

const hasGroups = ({ groups }, id) => groups.some(({ parent }) => parent === id);

/** Returns the selection with what it is linked to; empty if nothing is selected. */
function neighbours({ links, groups }, selected) {
  const near = new Set(selected);
  if (selected.size === 0) return near;
  for (const { id, from, to } of links) {
    if (selected.has(from) || selected.has(id)) near.add(to);
    if (selected.has(to) || selected.has(id)) near.add(from);
  }
  for (const { id, parent } of groups) {
    if (selected.has(parent)) near.add(id);
    if (selected.has(id)) near.add(parent);
  }
  return near;
}

/** Tells how much is shown, and of how much. */
export function shownInWords({ nodes, links, groups }, records, number) {
  const more = groups.reduce((sum, group) => sum + group.count, 0);
  const parts = [
    `${number(nodes.length)} of ${number(records)} records`,
    `${number(links.length)} ${links.length === 1 ? "link" : "links"}`,
  ];
  if (groups.length) parts.push(`${number(groups.length)} ${groups.length === 1 ? "group holds" : "groups hold"} ${number(more)} more`);
  return parts.join(", ");
}
