/**
 * What is shown as data: CSV of the links for spreadsheets, JSON in the shapes of Cytoscape and
 * of NetworkX and d3. Names of members are those of the server's exports.
 */

/** @typedef {import("./scene.mjs").PictureModel} PictureModel */

const COLUMNS = [
  "source", "target", "label", "firstLabel", "secondLabel", "count", "state",
  "sourceKind", "sourceName", "targetKind", "targetName",
];

/**
 * Returns a cell with a `'` in front if a spreadsheet would take it for a formula, also after
 * white space and with wide characters. A cell that begins with a `'` gets one, too: a reader
 * that removes one has the text back.
 * @param {string} text
 */
export function guarded(text) {
  return /^['\t\r\n]|^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/u.test(text) ? `'${text}` : text;
}

/** Returns a cell as CSV has it. */
function cell(value) {
  const text = guarded(value === undefined || value === null ? "" : String(value));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Writes the links as CSV (RFC 4180), each from its first end to its second.
 * @param {PictureModel} model
 */
export function csv(model) {
  const ends = endsOf(model);
  const rows = model.links.map((link) => {
    const [from, to] = [ends.get(link.from), ends.get(link.to)];
    return [
      link.from, link.to, link.label, link.ownLabel, link.label, link.count, link.state,
      from?.kind, from?.label, to?.kind, to?.label,
    ];
  });
  return csvTable([COLUMNS, ...rows]);
}

/**
 * Writes rows as CSV (RFC 4180).
 * @param {unknown[][]} rows the heading first
 */
export function csvTable(rows) {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/**
 * Writes what is shown in the JSON of Cytoscape, with the places of the picture.
 * @param {PictureModel} model
 * @param {import("./scene.mjs").Positions} [positions]
 */
export function cytoscape(model, positions) {
  const nodes = [...endsOf(model).values()].map((data) => {
    const point = positions?.get(data.id);
    return point ? { data, position: { x: point.x, y: point.y } } : { data };
  });
  const edges = model.links.map((link) => ({ data: { id: link.id, ...edgeOf(link) } }));
  const head = { data: { name: "relata" }, directed: true, multigraph: true };
  return json({ ...head, elements: { nodes, edges } });
}

/**
 * Writes what is shown in node-link JSON, for NetworkX and d3.
 * @param {PictureModel} model
 */
export function nodeLink(model) {
  const links = model.links.map((link) => ({ ...edgeOf(link), key: link.id }));
  const head = { directed: true, multigraph: true, graph: { name: "relata" } };
  return json({ ...head, nodes: [...endsOf(model).values()], links });
}

/** Returns the nodes and groups as both JSON shapes have them. */
function endsOf({ nodes, groups }) {
  const ends = new Map();
  for (const { id, kind, text, mark } of nodes) ends.set(id, { id, label: text, kind, state: mark });
  for (const { id, kind, label, count, parent } of groups) {
    ends.set(id, { id, label, kind, count, parent, group: true });
  }
  return ends;
}

/**
 * Returns a link as both JSON shapes have it.
 * @param {import("./scene.mjs").PictureLink} link
 */
function edgeOf({ from, to, label, ownLabel, count, state }) {
  return {
    source: from, target: to, label, firstLabel: ownLabel, secondLabel: label, count,
    state,
  };
}

const json = (value) => `${JSON.stringify(value, null, 1)}\n`;

/**
 * Returns the name of a file of a location at an event.
 * @param {string} location
 * @param {number | string} seq
 * @param {string} ending such as "svg"
 */
export function fileName(location, seq, ending) {
  const plain = String(location).replace(/[^A-Za-z0-9_]+/g, "-").replace(/^-|-$/g, "").slice(0, 64);
  return `relata-${plain || "location"}-${String(seq).replace(/[^0-9]/g, "") || "0"}.${ending}`;
}
