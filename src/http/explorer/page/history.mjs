/**
 * The steps that make a picture: their text in the address, and what is shown after them.
 *
 * Each step is one entry of the browser's history, so that going back is undo.
 */

/**
 * @typedef {object} Step
 * @property {string} kind one of {@link STEPS}
 * @property {string} [node] `objectKey/recordId`
 * @property {string} [from] @property {string} [to] nodes
 * @property {string} [association] @property {string} [side] @property {string} [object]
 *   a label group: an association, the side of the node, the object key of the far ends
 * @property {string} [limit] how many of the group, newest first
 * @property {string} [label]
 */

/** The fields of each kind of step. */
const STEPS = {
  add: ["node"],
  expand: ["node", "association", "side", "object", "limit"],
  around: ["node"],
  remove: ["node"],
  collapse: ["node", "association", "side", "object"],
  path: ["from", "to"],
  "hide-object": ["object"],
  "show-object": ["object"],
  "hide-label": ["label"],
  "show-label": ["label"],
};

/** Maximum number of links that one step opens of a group: that of one answer. */
export const LIMIT_MAX = 1000;

/**
 * Reads a step.
 * @param {string} text such as `expand:contact/1:a:first:contact:25`
 * @returns {Step | null}
 */
export function parseStep(text) {
  const [kind, ...parts] = text.split(":");
  const names = Object.hasOwn(STEPS, kind) ? STEPS[kind] : null;
  if (!names || parts.length !== names.length) return null;
  const step = { kind };
  for (const [at, name] of names.entries()) {
    try {
      step[name] = decodeURIComponent(parts[at]);
    } catch {
      return null;
    }
  }
  return isValid(step) ? step : null;
}

function isValid(step) {
  const nodes = [step.node, step.from, step.to].filter((node) => node !== undefined);
  const limit = Number(step.limit ?? 1);
  return nodes.every((node) => /^[^/]+\/[^]+$/.test(node))
    && (step.side === undefined || step.side === "first" || step.side === "second")
    && Number.isInteger(limit) && limit > 0 && limit <= LIMIT_MAX;
}

/** Half of a character that takes two code units, which has no encoding. */
const LONE_HALF = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** Encodes a text for a fragment, where a slash is harmless. */
export const encodeField = (text) => encodeURIComponent(String(text).replace(LONE_HALF, "\uFFFD")).replace(/%2F/g, "/");

/** Writes a step, which `parseStep` reads back. */
export const formatStep = (step) => [step.kind, ...STEPS[step.kind].map((name) => encodeField(step[name]))].join(":");

/** Returns the id of the label group that a step or an answer is about. */
export const groupId = (node, { association, side, object }) =>
  ["group", node, association, side, object].map(encodeField).join(":");

/**
 * Returns the id of a link, the same wherever it is drawn.
 * @param {{ relation?: string, association: string }} link
 * @param {string} from node of its first side
 * @param {string} to node of its second side
 * @param {string} [change] what became of it: one that was removed and added again is drawn twice
 */
export const linkId = ({ relation, association }, from, to, change) =>
  ["link", ...(change === undefined ? [] : [change]), relation ?? association, from, to].map(encodeField).join(":");

/**
 * What a step found: the far ends of the groups that it opens, or the nodes of a path.
 * @typedef {object} Found
 * @property {{ id: string, nodes: string[] }[]} [groups]
 * @property {string[]} [nodes]
 */

/**
 * Returns what is shown after these steps.
 * @param {Step[]} steps
 * @param {(step: Step) => Found | undefined} found what each step found
 */
export function shownAfter(steps, found) {
  /** Each node with what holds it: groups, or `""` where it was asked for by itself. */
  const nodes = new Map();
  /** Nodes whose groups are shown, and how many far ends of each group were asked for. */
  const opened = new Map();
  const hidden = { objects: new Set(), labels: new Set() };
  const hold = (node, by) => nodes.set(node, (nodes.get(node) ?? new Set()).add(by));
  const open = (node) => {
    hold(node, "");
    if (!opened.has(node)) opened.set(node, new Map());
    return opened.get(node);
  };
  const apply = {
    add: ({ node }) => open(node),
    around: (step) => hang(step.node, found(step)),
    expand: (step) => hang(step.node, found(step)),
    path: (step) => (found(step)?.nodes ?? []).forEach((node) => hold(node, "")),
    remove: ({ node }) => {
      nodes.delete(node);
      opened.delete(node);
    },
    collapse: (step) => close(step.node, groupId(step.node, step)),
    "hide-object": ({ object }) => hidden.objects.add(object),
    "show-object": ({ object }) => hidden.objects.delete(object),
    "hide-label": ({ label }) => hidden.labels.add(label),
    "show-label": ({ label }) => hidden.labels.delete(label),
  };
  function hang(node, result) {
    const groups = open(node);
    for (const group of result?.groups ?? []) {
      groups.set(group.id, group.nodes.length);
      for (const end of group.nodes) hold(end, group.id);
    }
  }
  function close(node, group) {
    opened.get(node)?.delete(group);
    for (const [end, holders] of nodes) {
      if (holders.delete(group) && holders.size === 0 && !opened.has(end)) nodes.delete(end);
    }
  }
  for (const step of steps) apply[step.kind](step);
  return { nodes: [...nodes.keys()], opened, hidden };
}

/**
 * Returns the step that shows records of a kind again, if these steps hide them.
 * @param {Step[]} steps
 * @param {string} object
 * @returns {Step[]}
 */
export function unhide(steps, object) {
  const last = steps.findLast((step) => step.object === object && ["hide-object", "show-object"].includes(step.kind));
  return last?.kind === "hide-object" ? [{ kind: "show-object", object }] : [];
}
