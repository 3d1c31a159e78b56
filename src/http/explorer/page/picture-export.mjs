/** Downloads of what is shown: a picture, or its data. */

import { fit } from "./camera.mjs";
import { csv, cytoscape, fileName, nodeLink } from "./data-export.mjs";
import { el } from "./dom.mjs";
import { textKey } from "./labels.mjs";
import { kindName } from "./object-kinds.mjs";
import { scene } from "./scene.mjs";
import { svg } from "./svg-export.mjs";
import { THEMES } from "./theme.mjs";

/** Pixels of a PNG at most, and for one CSS pixel. */
const PIXELS_MAX = 16e6;
const RATIO = 2;

/** CSS pixels for one unit of the layout. */
const SCALE = 1.4;

/** Room for the names at the edges, in CSS pixels. */
const ROOM = 400;

/** @typedef {[string, string, string, (shown: any) => string | Promise<Blob>]} Format */

/**
 * The formats: name, ending, media type, writer.
 * @type {Format[]}
 */
export const FORMATS = [
  ["SVG picture", "svg", "image/svg+xml", toSvg],
  ["PNG picture", "png", "image/png", toPng],
  ["CSV of the links", "csv", "text/csv", ({ model }) => csv(model)],
  ["JSON for Cytoscape", "cytoscape.json", "application/json", ({ model, positions }) => cytoscape(model, positions)],
  ["JSON of nodes and links", "json", "application/json", ({ model }) => nodeLink(model)],
];

/**
 * Writes what is shown and hands it to the person as a file.
 * @param {Format} format
 * @param {{ model: object, positions: object, marks: readonly any[], title: string,
 *   location: string, seq: number | undefined, kinds: Map<string, object> }} shown the marks are
 *   those on the canvas
 * @returns {Promise<string>} the name of the file
 */
export async function download([, ending, type, write], shown) {
  const written = await write(shown);
  const blob = written instanceof Blob ? written : new Blob([written], { type });
  return save(blob, fileName(shown.location, shown.seq ?? 0, ending));
}

/** Hands a file to the person, and returns its name. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  return name;
}

/** Returns everything at a size at which there is room for names, however large that is. */
function wholeMarks({ model, positions, marks }) {
  const points = [...positions.values()];
  const extent = (of) => Math.max(...points.map(of), 0) - Math.min(...points.map(of), 0);
  const [width, height] = [({ x }) => x, ({ y }) => y].map((of) => extent(of) * SCALE + ROOM);
  const camera = { ...fit(points, 1, 1), scale: SCALE, width, height };
  // What is read on the canvas is read in the file, too, even if it has less room there.
  const kept = new Set(marks.filter(({ kind }) => kind === "text").map(({ of, id }) => textKey({ kind: of, id })));
  return scene(model, positions, camera, { whole: true, kept });
}

function toSvg(shown) {
  const { model, title, kinds } = shown;
  const counts = new Map();
  for (const { kind } of model.nodes) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const legend = [...counts].sort((a, b) => b[1] - a[1]).map(([kind, count]) => ({ kind, text: kindName(kinds, kind, count), count }));
  return svg(wholeMarks(shown), { title, description: `${model.nodes.length} records, ${model.links.length} links`, legend, theme: THEMES.light });
}

async function toPng(shown) {
  const text = toSvg(shown);
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(text).map(Number);
  const ratio = Math.min(RATIO, Math.sqrt(PIXELS_MAX / (width * height)));
  const canvas = el("canvas", { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  const image = new Image();
  const address = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  image.src = address;
  await image.decode();
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
