/**
 * Which texts are shown, and where: each at one of a few places beside what it names, where it
 * covers neither a node nor another text. What matters more chooses first.
 */

import { pointOf } from "./curves.mjs";
import { boxOf, placesOf } from "./label-places.mjs";
import { Occupancy } from "./occupancy.mjs";
import { countText } from "./sizes.mjs";
import { oneLine, textWidth } from "./text-width.mjs";

/** Sizes in CSS pixels; nothing is drawn smaller. */
const TEXT = { node: 12.5, sub: 11, link: 11, group: 11.5, count: 11.5 };

/** At most this many texts of nodes and of links at once. */
const NODE_TEXTS_MAX = 200;
const LINK_TEXTS_MAX = 60;

/** Below these scales only what matters most is named. */
const NAMES_SCALE = 0.34;
const LINK_NAMES_SCALE = 0.62;
const FAR_NAMES_MAX = 16;

/** Up to this many nodes each has its second line; beyond, when they are enlarged. */
const SUBS_MAX = 16;
const SUBS_SCALE = 1.25;

const CHARACTERS_MAX = 28;
const CHOSEN_CHARACTERS_MAX = 56;

/** This many links that fan out of one end are named if all have the same label. */
const FAN_TEXTS_MAX = 3;

/** Above this scale, each is. */
const FAN_SCALE = 1.6;

/** Places along a link, tried in this order. */
const SHARES = [0.5, 0.6, 0.4, 0.7, 0.3, 0.75, 0.25];

/**
 * Returns the marks of the texts.
 * @param {any[]} links marks of the links
 * @param {any[]} nodes marks of nodes and groups
 * @param {import("./parallel-links.mjs").Links} graph
 * @param {any} view
 */
export function labels(links, nodes, graph, view) {
  const board = new Board(nodes, view);
  const rank = ranked(nodes, graph, view);
  const isNear = view.camera.scale >= NAMES_SCALE;
  if (view.options.ways) {
    // The label of each link is what the ways are read by: names find room beside them.
    for (const link of links) board.link(link, graph);
    for (const { mark } of rank) board.name(mark, graph);
    return board.texts;
  }
  const chosen = links.filter((link) => link.selected && !link.isStem);
  const first = rank.filter(({ weight }) => weight >= CLOSE);
  const rest = rank.filter(({ weight }) => weight < CLOSE);
  for (const { mark } of first) board.name(mark, graph);
  for (const link of chosen) board.link(link, graph);
  for (const { mark } of isNear ? rest : rest.slice(0, FAR_NAMES_MAX)) board.name(mark, graph);
  if (view.camera.scale >= LINK_NAMES_SCALE || view.options.endLabels) {
    for (const link of spread(links, graph, view)) board.link(link, graph);
  }
  return board.texts;
}

/** Returns what tells the text of a mark from others: whether it is of a node, group or link, and of which. */
export const textKey = ({ kind, id }) => `${kind} ${id}`;

/**
 * Returns the one label of a link that is written: the role of its far end, seen from the
 * selection, or else from the end that has more links.
 */
function roleOf({ item: { from, to, label = "", ownLabel = "" } }, graph, view) {
  if (view.options.ways) return `${label || ownLabel} →`;
  const weight = (id) => (view.selected.has(id) ? 1e9 : 0) + (graph.degree.get(id) ?? 0);
  return weight(from) >= weight(to) ? label || ownLabel : ownLabel || label;
}

/** Returns the links to name, of each fan a few that lie apart. */
function spread(links, graph, view) {
  const { endLabels, kept } = view.options;
  const plain = links.filter((link) => !link.selected && !link.isStem && (!link.faded || kept?.has(textKey(link))));
  if (endLabels || view.camera.scale >= FAN_SCALE) return plain;
  const fans = new Map();
  for (const link of plain) {
    for (const end of [link.from, link.to]) {
      const key = `${roleOf(link, graph, view)} ${end}`;
      if (fans.has(key)) fans.get(key).push(link);
      else fans.set(key, [link]);
    }
  }
  const unnamed = new Set();
  for (const fan of fans.values()) {
    if (fan.length <= FAN_TEXTS_MAX) continue;
    const step = fan.length / FAN_TEXTS_MAX;
    const named = new Set(Array.from({ length: FAN_TEXTS_MAX }, (_, at) => Math.floor(at * step)));
    fan.forEach((link, at) => {
      if (!named.has(at) && !link.change && !kept?.has(textKey(link))) unnamed.add(link);
    });
  }
  return plain.filter((link) => !unnamed.has(link));
}

/** Weight from which a text comes before those of links. */
const CLOSE = 1e6;

/** Returns the marks that may be named, those that matter most first. */
function ranked(nodes, graph, view) {
  const close = new Set();
  for (const id of view.selected) for (const other of graph.neighbours.get(id) ?? []) close.add(other);
  const weigh = (mark) => {
    if (mark.selected) return 2 * CLOSE;
    if (mark.faded) return -1;
    if (close.has(mark.id)) return CLOSE + (graph.degree.get(mark.id) ?? 0);
    const special = mark.kind === "group" ? 5e4 : mark.change || typeof mark.badge === "string" ? 1e4 : 0;
    return special + (graph.degree.get(mark.id) ?? 0) + (mark.item.size ?? 0) * 100;
  };
  return nodes
    .map((mark, at) => ({ mark, at, weight: weigh(mark) }))
    .sort((a, b) => b.weight - a.weight || a.at - b.at);
}

/** The texts that have found their place. */
class Board {
  constructor(nodes, view) {
    this.view = view;
    this.texts = [];
    this.names = 0;
    this.linkTexts = 0;
    // From afar the few names may cover nodes, as on a map.
    this.occupied = new Occupancy(nodes, view, view.camera.scale >= NAMES_SCALE);
    this.subs = nodes.length <= SUBS_MAX || view.camera.scale >= SUBS_SCALE;
    const measure = view.options.measure ?? ((text, size, weight) =>
      textWidth(text, size) * (weight > 500 ? 1.06 : 1));
    this.measure = measure;
    for (const mark of nodes) if (mark.kind === "group") this.count(mark);
  }

  /** Says whether a text is written even without room. */
  isKept(mark) {
    const { kept, ways } = this.view.options;
    return ways === true || kept?.has(textKey(mark)) === true;
  }

  /** Adds the number within a group. */
  count(mark) {
    const size = TEXT.count * mark.zoom;
    if (size < 7) return;
    const [x, text] = [mark.x + 6 * mark.zoom, countText(mark.count)];
    this.add(mark, { x, y: mark.y, text, size, weight: 650, tone: "text", isInside: true });
  }

  /** Adds the name of a node or group, if it has room. */
  name(mark, graph) {
    const isGroup = mark.kind === "group";
    if (this.names >= NODE_TEXTS_MAX && !mark.selected && !this.isKept(mark)) return;
    const cut = mark.selected ? CHOSEN_CHARACTERS_MAX : CHARACTERS_MAX;
    const text = oneLine(isGroup ? mark.item.label : mark.item.text, cut);
    if (text === "") return;
    const weight = mark.selected ? 650 : 500;
    const name = { text, size: isGroup ? TEXT.group : TEXT.node, weight, tone: "text" };
    const lines = [name];
    const sub = isGroup ? "" : oneLine(mark.item.sub ?? "", CHARACTERS_MAX);
    if (sub !== "" && (this.subs || mark.selected)) {
      lines.push({ text: sub, size: TEXT.sub, weight: 400, tone: "soft" });
    }
    for (const line of lines) line.width = this.measure(line.text, line.size, line.weight);
    const places = placesOf(mark, graph, this.view);
    let place = this.place(mark, lines, places);
    if (!place && lines.length > 1) {
      lines.pop();
      place = this.place(mark, lines, places);
    }
    if (!place && !mark.selected && !this.isKept(mark)) return;
    this.names += 1;
    this.block(mark, lines, place ?? places[0]);
  }

  /** Returns the first place with room; the edge of the view cuts a name only where it must. */
  place(mark, lines, places) {
    const { camera: { width, height }, options } = this.view;
    let atEdge;
    for (const place of places) {
      const box = boxOf(mark, lines, place);
      if (!this.occupied.isFree(box)) continue;
      if (options.whole || (box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height)) return place;
      atEdge ??= place;
    }
    return atEdge;
  }

  /** Adds lines beside a mark. */
  block(mark, lines, place) {
    const box = boxOf(mark, lines, place);
    this.occupied.take(box);
    let top = box.top;
    for (const line of lines) {
      const height = line.size * 1.2;
      const x = { right: box.left, left: box.right }[place.side] ?? (box.left + box.right) / 2;
      const align = { right: "start", left: "end" }[place.side] ?? "center";
      this.add(mark, { ...line, x, y: top + height / 2, align });
      top += height;
    }
  }

  /** Adds the texts of a link, where they have room. */
  link(mark, graph) {
    const { label = "", ownLabel = "", count } = mark.item;
    const bundle = mark.ids.length > 1 ? `${countText(mark.ids.length)} links` : "";
    const { endLabels, ways } = this.view.options;
    if (bundle) this.along(mark, bundle, SHARES, 600);
    else if (endLabels || (mark.isChosen && !ways)) {
      if (count !== undefined) this.along(mark, countText(count), [0.5, 0.56, 0.44], 600);
      this.along(mark, label, [0.76, 0.7, 0.82, 0.64]);
      // A loop between equals, such as spouses, says it once.
      const isSame = mark.from === mark.to && label === ownLabel;
      if (!isSame) this.along(mark, ownLabel, [0.24, 0.3, 0.18, 0.36]);
    } else {
      const times = count !== undefined && count > 1 ? ` · ${countText(count)}` : "";
      this.along(mark, roleOf(mark, graph, this.view) + times, SHARES);
    }
  }

  /** Adds a text on a link at the first of the places that is free. */
  along(mark, whole, shares, weight = 400) {
    const text = oneLine(whole, CHARACTERS_MAX);
    const isNeeded = mark.isChosen || this.isKept(mark);
    if (text === "" || (this.linkTexts >= LINK_TEXTS_MAX && !isNeeded)) return;
    const width = this.measure(text, TEXT.link, weight);
    const boxAt = ({ x, y }) => ({
      left: x - width / 2 - 2, right: x + width / 2 + 2,
      top: y - TEXT.link * 0.62, bottom: y + TEXT.link * 0.62,
    });
    const places = shares.map((share) => pointOf(mark.curve, share));
    const place = places.find((point) => this.occupied.isFree(boxAt(point)))
      ?? (isNeeded ? places[0] : undefined);
    if (!place) return;
    this.linkTexts += 1;
    this.occupied.take(boxAt(place));
    const tone = mark.change ?? (mark.selected ? "accent" : "soft");
    this.add(mark, { ...place, text, size: TEXT.link, weight, width, tone, isOnLink: true });
  }

  /** Adds the mark of a text. */
  add(mark, text) {
    const { id, faded, kind: of } = mark;
    this.texts.push({ kind: "text", id, of, align: "center", faded, ...text });
  }
}
