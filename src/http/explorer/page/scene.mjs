/**
 * From the model and its positions to marks: what is drawn, where, in CSS pixels of the view,
 * back to front. One list of marks feeds the canvas, the SVG and the hit test. Pure.
 *
 * What the modules of the picture agree on, for those who use them:
 *
 * - A model is a new object whenever something in it changes (what follows from it is kept by
 *   its identity), and ids are unique across nodes, groups and links.
 * - `model.past` tints the ground: the first mark is `{kind: "ground"}`.
 * - A group is joined to its parent by the scene itself; `links` need not say so.
 * - More than four parallel links are one mark with the `id` of the first, and all `ids`.
 * - A link carries the role of its far end, seen from the selection or from the larger end.
 * - Hand `textMeasure(context)` of canvas-renderer.mjs over as `measure`, and texts keep apart to
 *   the pixel; without it, widths are estimated.
 * - `layout.arrange(layered(model, start))` shows paths in layers from left to right.
 * - Hovering is `highlight(marks, id)` of highlight.mjs, painted on the upper canvas.
 * - A camera is `{x, y, scale, width, height}`: camera.mjs fits, pans and zooms it.
 */

import { nodeScale, toView } from "./camera.mjs";
import { isStraight, linkCurve, loopAngle, loopCurve, pointOf } from "./curves.mjs";
import { labels } from "./labels.mjs";
import { linksOf } from "./parallel-links.mjs";
import { look } from "./shapes.mjs";
import { GROUP_DOWN, groupAcross, nodeRadius } from "./sizes.mjs";

/** @typedef {"added"|"removed"|"changed"|"violation"} Change */

/**
 * @typedef {object} PictureNode
 * @property {string} id
 * @property {string} kind the object key
 * @property {string} text the name
 * @property {string} [sub] second line
 * @property {number} [size] step from 0 to 5; 2 if absent
 * @property {boolean} [pinned]
 * @property {boolean} [selected]
 * @property {boolean} [faded]
 * @property {Change} [mark]
 * @property {string|number} [badge] news such as "+1", or quietly the number of links that are
 *   not shown
 */

/**
 * Links of one label that are not shown one by one.
 * @typedef {object} PictureGroup
 * @property {string} id
 * @property {string} parent the node whose links they are
 * @property {string} label
 * @property {number} count
 * @property {string} kind the object key of the far ends
 * @property {boolean} [selected]
 * @property {boolean} [faded]
 */

/**
 * @typedef {object} PictureLink
 * @property {string} id
 * @property {string} from id of a node or group
 * @property {string} to
 * @property {string} [label] the role of `to`
 * @property {string} [ownLabel] the role of `from`
 * @property {number} [count] relations that it covers
 * @property {Change} [state]
 * @property {boolean} [selected]
 * @property {boolean} [faded]
 */

/**
 * @typedef {object} PictureModel
 * @property {readonly PictureNode[]} nodes
 * @property {readonly PictureGroup[]} groups
 * @property {readonly PictureLink[]} links
 * @property {boolean} past
 * @property {number} [spacing] how much longer than usual links are; 1 if absent
 * @property {number} [aspect] width of the view by its height: a first picture is as wide as that
 *   allows without distorting it much; 1 if absent
 */

/** @typedef {import("./camera.mjs").Camera} Camera */
/** @typedef {{ get(id: string): { x: number, y: number } | undefined }} Positions */

/**
 * @typedef {object} SceneOptions
 * @property {boolean} [endLabels] whether each link has its labels at its ends and its count
 *   in the middle, as between kinds
 * @property {boolean} [ways] whether each link has one label, the role of its far end on the way
 *   from left to right, whatever is selected
 * @property {Set<string>} [kept] `textKey` of the texts that are not left out for want of room
 * @property {boolean} [whole] whether what is outside the view is drawn too, as for an export
 * @property {boolean} [withoutTexts] while everything moves, for instance
 * @property {(text: string, size: number, weight: number) => number} [measure] width of a text
 */

/**
 * @typedef {object} Mark
 * @property {"ground"|"link"|"node"|"group"|"text"} kind
 * @property {string} id of the node, group or link
 * @property {number} x
 * @property {number} y
 * @property {any} [item] the part of the model that it shows
 * @property {boolean} [faded]
 * @property {boolean} [selected]
 * The rest depends on the kind: see the functions below and labels.mjs.
 */

/** Below this scale links are thin, so that they do not hide the nodes. */
const FAR_SCALE = 0.34;

/** Marks this far outside the view are still drawn: their rings and texts reach into it. */
const MARGIN = 40;

/**
 * Returns the marks of a picture.
 * @param {PictureModel} model
 * @param {Positions} positions
 * @param {Camera} camera
 * @param {SceneOptions} [options]
 * @returns {Mark[]}
 */
export function scene(model, positions, camera, options = {}) {
  const view = viewOf(model, positions, camera, options);
  const links = linkMarks(model, view);
  const nodes = [...groupMarks(model, view), ...nodeMarks(model, view)];
  const texts = options.withoutTexts ? [] : labels(links, nodes, linksOf(model), view);
  const { width, height } = camera;
  const ground = { kind: "ground", id: "", x: 0, y: 0, width, height, past: model.past };
  return [ground, ...ordered(links), ...ordered(nodes), ...texts];
}

/** What of the view the makers of marks need. */
function viewOf(model, positions, camera, options) {
  const points = new Map();
  for (const item of [...model.nodes, ...model.groups]) {
    const point = positions.get(item.id);
    if (point) points.set(item.id, toView(camera, point));
  }
  const selected = new Set();
  for (const item of [...model.nodes, ...model.groups]) if (item.selected) selected.add(item.id);
  const faded = new Set();
  for (const item of [...model.nodes, ...model.groups]) if (item.faded) faded.add(item.id);
  const zoom = nodeScale(camera.scale);
  return { camera, options, points, selected, faded, zoom };
}

/** Says whether a box reaches into the view. */
function isSeen({ camera, options }, left, top, right, bottom) {
  if (options.whole) return true;
  return (
    right >= -MARGIN && left <= camera.width + MARGIN &&
    bottom >= -MARGIN && top <= camera.height + MARGIN
  );
}

/** @param {PictureModel} model */
function linkMarks(model, view) {
  const marks = [];
  const radii = new Map(model.nodes.map((node) => [node.id, nodeRadius(node) * view.zoom]));
  const { strands, neighbours } = linksOf(model);
  const endsOf = (id) => [...neighbours.get(id)]
    .filter((other) => other !== id)
    .flatMap((other) => view.points.get(other) ?? []);
  for (const strand of strands) {
    const { link } = strand;
    const [from, to] = [view.points.get(link.from), view.points.get(link.to)];
    if (!from || !to) continue;
    const isLoop = link.from === link.to;
    const curve = isLoop
      ? loopCurve(from, radii.get(link.from) ?? GROUP_DOWN, strand.ring, loopAngle(from, endsOf(link.from)))
      : linkCurve(from, to, strand.isTurned ? -strand.lane : strand.lane);
    const mark = linkMark(link, curve, view);
    if (!mark) continue;
    mark.ids = strand.links.map((it) => it.id);
    marks.push(mark);
  }
  for (const group of model.groups) {
    const [from, to] = [view.points.get(group.parent), view.points.get(group.id)];
    if (!from || !to) continue;
    const stem = { id: group.id, from: group.parent, to: group.id };
    const mark = linkMark(stem, linkCurve(from, to, 0), view);
    if (mark) marks.push({ ...mark, isStem: true, ids: [], count: group.count });
  }
  return marks;
}

/** Returns the mark of a link, or nothing if it is out of view. */
function linkMark(link, curve, view) {
  const xs = [curve[0], curve[2], curve[4], curve[6]];
  const ys = [curve[1], curve[3], curve[5], curve[7]];
  if (!isSeen(view, Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys))) return null;
  const { selected, faded } = view;
  const isSelected = link.selected || selected.has(link.from) || selected.has(link.to);
  const isFaded = !isSelected && (link.faded || faded.has(link.from) || faded.has(link.to));
  const middle = pointOf(curve, 0.5);
  return {
    kind: "link", id: link.id, item: link, x: middle.x, y: middle.y,
    curve, straight: isStraight(curve), from: link.from, to: link.to,
    change: link.state,
    selected: isSelected === true, faded: isFaded === true, isChosen: link.selected === true,
    isFar: view.camera.scale < FAR_SCALE,
  };
}

/** @param {PictureModel} model */
function nodeMarks(model, view) {
  const marks = [];
  for (const node of model.nodes) {
    const point = view.points.get(node.id);
    const radius = nodeRadius(node) * view.zoom;
    if (!point || !isNear(view, point, radius)) continue;
    const { shape, colour } = look(node.kind);
    marks.push({
      kind: "node", id: node.id, item: node, x: point.x, y: point.y, radius, shape, colour,
      selected: node.selected === true, faded: node.faded === true,
      pinned: node.pinned === true, change: node.mark, badge: node.badge,
    });
  }
  return marks;
}

/** @param {PictureModel} model */
function groupMarks(model, view) {
  const marks = [];
  for (const group of model.groups) {
    const point = view.points.get(group.id);
    const zoom = Math.max(view.zoom, 0.55);
    const across = groupAcross(group) * zoom;
    if (!point || !isNear(view, point, across)) continue;
    const { shape, colour } = look(group.kind);
    marks.push({
      kind: "group", id: group.id, item: group, x: point.x, y: point.y, across,
      down: GROUP_DOWN * zoom, radius: GROUP_DOWN * zoom, zoom, shape, colour,
      count: group.count, selected: group.selected === true, faded: group.faded === true,
    });
  }
  return marks;
}

/** Says whether something with a radius reaches into the view. */
const isNear = (view, { x, y }, radius) =>
  isSeen(view, x - radius, y - radius, x + radius, y + radius);

/** Returns marks back to front: what is faded first, what is selected last. */
function ordered(marks) {
  const rank = (mark) => (mark.faded ? 0 : mark.selected ? 3 : mark.change ? 2 : 1);
  const ranks = [[], [], [], []];
  for (const mark of marks) ranks[rank(mark)].push(mark);
  return ranks.flat();
}
