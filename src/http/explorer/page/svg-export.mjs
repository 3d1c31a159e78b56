/**
 * The picture as a stand-alone SVG, from the same marks as the canvas: texts escaped, typefaces
 * by generic names, a title, a legend, and the ids and kinds of what is drawn as data.
 */

import {
  BASELINE, backingOf, drawDecoration, drawGroup, drawLink, drawNode, textStyle,
} from "./appearance.mjs";
import { badgeOf, badgeText } from "./badge.mjs";
import { look, outline } from "./shapes.mjs";
import { textWidth } from "./text-width.mjs";

/** Room around all marks, in CSS pixels. */
const BORDER = 24;

const LEGEND = { row: 22, size: 12, radius: 6 };

/** Characters that XML 1.0 has no way to write. */
const NOT_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/**
 * Returns a text as it may stand in an element or a quoted attribute of XML.
 * @param {unknown} text
 */
function escaped(text) {
  return String(text)
    .replace(NOT_XML, "\ufffd")
    .replace(/[&<>"']/g, (character) => ENTITIES[character])
    .replace(/[\t\n\r]/g, " ");
}

/** @typedef {{ kind: string, text: string, count?: number }} LegendEntry */

/**
 * Writes marks as an SVG. Take those of a scene with `whole: true`, so that nothing is missing
 * outside the view.
 * @param {readonly any[]} marks
 * @param {{ title: string, description?: string, legend?: LegendEntry[],
 *   theme: import("./theme.mjs").Theme }} options
 * @returns {string}
 */
export function svg(marks, { title, description = "", legend = [], theme }) {
  const drawn = marks.filter((mark) => mark.kind !== "ground");
  const bounds = boundsOf(drawn);
  const rows = legend.map((entry, at) => legendRow(entry, at, bounds, theme));
  const below = rows.length > 0 ? rows.length * LEGEND.row + 16 : 0;
  const across = Math.max(bounds.right - bounds.left, ...legend.map(legendWidth));
  const [left, top] = [bounds.left - BORDER, bounds.top - BORDER].map(Math.floor);
  const width = Math.ceil(across + 2 * BORDER);
  const height = Math.ceil(bounds.bottom - bounds.top + below + 2 * BORDER);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} ${top} ${width} ${height}" `,
    `width="${width}" height="${height}" role="img" stroke-linecap="round" `,
    'stroke-linejoin="round">\n',
    `<title>${escaped(title)}</title>\n<desc>${escaped(description)}</desc>\n`,
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${theme.ground}"/>\n`,
    ...["link", "node", "text"].flatMap((pass) =>
      drawn.filter((mark) => passOf(mark) === pass).map((mark) => element(mark, theme))),
    ...rows,
    "</svg>\n",
  ].join("");
}

/** Returns when a mark is drawn: links first, texts last. */
const passOf = ({ kind }) => (kind === "group" ? "node" : kind);

/** Writes one mark. */
function element(mark, theme) {
  if (mark.kind === "text") return text(mark, theme);
  const parts = [];
  const emit = (style, trace, drawn) => parts.push(path(style, trace, drawn));
  if (mark.kind === "link") drawLink(mark, theme, emit);
  else if (mark.kind === "group") drawGroup(mark, theme, emit);
  else drawNode(mark, theme, emit);
  if (mark.kind !== "link") drawDecoration(mark, theme, emit);
  const badge = badgeOf(mark);
  if (badge) parts.push(text(badgeText(badge), theme));
  const { id, kind, label, text: name, ownLabel, from, to } = mark.item;
  const data = { id, kind, label: label ?? name, "own-label": ownLabel, from, to };
  const attributes = Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` data-${key}="${escaped(value)}"`);
  return `<g class="${mark.kind}"${attributes.join("")}>${parts.join("")}</g>\n`;
}

/** Writes one outline. */
function path(style, trace, mark) {
  const d = new PathData();
  trace(d, mark);
  const attributes = [`d="${d.text.trim()}"`, `fill="${style.fill ?? "none"}"`];
  if (style.stroke) attributes.push(`stroke="${style.stroke}"`, `stroke-width="${style.width}"`);
  if (style.dash) attributes.push(`stroke-dasharray="${style.dash.join(" ")}"`);
  if ((style.alpha ?? 1) < 1) attributes.push(`opacity="${round(style.alpha)}"`);
  return `<path ${attributes.join(" ")}/>`;
}

/** Writes one text. */
function text(mark, theme) {
  const style = textStyle(mark, theme);
  const anchor = { center: "middle", start: "start", end: "end" }[mark.align];
  const attributes = [
    `x="${round(mark.x)}" y="${round(mark.y + mark.size * BASELINE)}"`,
    `font-family="system-ui, sans-serif" font-size="${round(mark.size)}"`,
    `font-weight="${mark.weight}" text-anchor="${anchor}" fill="${style.fill}"`,
  ];
  if (style.halo) {
    attributes.push(`stroke="${style.halo}" stroke-width="${style.haloWidth}" paint-order="stroke"`);
  }
  if (style.alpha < 1) attributes.push(`opacity="${style.alpha}"`);
  let behind = "";
  if (style.backing) {
    const { x, y, width, height } = backingOf(mark);
    behind = `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" ` +
      `height="${round(height)}" fill="${style.backing}"/>`;
  }
  return `${behind}<text ${attributes.join(" ")}>${escaped(mark.text)}</text>\n`;
}

/** Collects what is drawn as the data of a path. */
class PathData {
  text = "";
  moveTo(...numbers) { this.add("M", numbers); }
  lineTo(...numbers) { this.add("L", numbers); }
  bezierCurveTo(...numbers) { this.add("C", numbers); }
  closePath() { this.text += "Z"; }
  add(command, numbers) { this.text += command + numbers.map(round).join(" "); }
}

/** Returns a number with at most two decimals; what is none becomes 0. */
const round = (value) => (Number.isFinite(value) ? Math.round(value * 100) / 100 : 0);

/** Writes one row of the legend. */
function legendRow(entry, at, bounds, theme) {
  const { shape, colour } = look(entry.kind);
  const y = bounds.bottom + 16 + LEGEND.row * (at + 0.5);
  const x = bounds.left + LEGEND.radius;
  const trace = (d) => outline(d, shape, x, y, LEGEND.radius);
  const glyph = path({ fill: theme.kinds[colour] }, trace, null);
  const name = {
    kind: "text", x: x + 14, y, text: legendText(entry), size: LEGEND.size, weight: 400,
    tone: "text", align: "start", isInside: true,
  };
  return `<g class="legend" data-kind="${escaped(entry.kind)}">${glyph}${text(name, theme)}</g>\n`;
}

const legendText = ({ text: name, count }) =>
  count === undefined ? name : `${name} · ${count.toLocaleString("en")}`;

const legendWidth = (entry) => 24 + textWidth(legendText(entry), LEGEND.size);

/** Returns the box around all marks, with rings and halos. */
function boundsOf(marks) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  const take = (x, y, across = 0, down = across) => {
    box.left = Math.min(box.left, x - across);
    box.right = Math.max(box.right, x + across);
    box.top = Math.min(box.top, y - down);
    box.bottom = Math.max(box.bottom, y + down);
  };
  for (const mark of marks) {
    if (mark.kind === "link") {
      for (let at = 0; at < 8; at += 2) take(mark.curve[at], mark.curve[at + 1]);
    } else if (mark.kind === "text") {
      const shift = { center: 0, start: mark.width / 2, end: -mark.width / 2 }[mark.align];
      take(mark.x + shift, mark.y, (mark.width ?? 0) / 2, mark.size * 0.7);
    } else {
      take(mark.x, mark.y, (mark.across ?? mark.radius * 1.4) + 8, (mark.down ?? mark.radius * 1.4) + 8);
      const badge = badgeOf(mark);
      if (badge) take(badge.x, badge.y, badge.across + 1, badge.down + 1);
    }
  }
  return marks.length > 0 ? box : { left: 0, top: 0, right: 200, bottom: 40 };
}
