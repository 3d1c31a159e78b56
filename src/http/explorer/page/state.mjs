/** What is known of a location as of one moment: asked once, kept until it may have changed. */

import { deletionOf } from "./deletions.mjs";
import { byCount, nodeOf, splitNode, violated } from "./object-kinds.mjs";
import { formatStep, groupId, linkId, shownAfter } from "./history.mjs";

/** Label groups of at most this many links are opened all at once. */
export const SMALL_GROUP = 25;

/** Maximum number of records that one step adds. */
export const STEP_MAX = 100;

/** Limits of one request. */
const OF_MAX = 1000;
const BETWEEN_MAX = 2000;
const LINKS_MAX = 1000;

/** Records without links of one picture that are asked for, and events about one that are read. */
const UNLINKED_MAX = 50;
const EVENTS_MAX = 100;

/** Kinds of steps that find something. */
const ASKING = ["expand", "around", "path"];

/** Sets of records of which the links among them are kept. */
const SETS_KEPT = 20;

/**
 * @typedef {object} ShownNode
 * @property {string} id @property {string} object @property {string} record
 * @property {string} [name]
 * @property {number} links links of the record, shown or not
 * @property {number} shown links that are shown
 * @property {object[]} violated label groups that break their declared cardinality
 * @property {object} [deleted] the event that deleted it
 *
 * @typedef {object} ShownLink
 * @property {string} id @property {string} from @property {string} to
 * @property {string} label role of `to` @property {string} ownLabel role of `from`
 * @property {string} association @property {string} associationKey
 * @property {string} [relation] @property {string} [at] @property {number} seq
 *
 * @typedef {object} ShownGroup what of a label group is not shown
 * @property {string} id @property {string} parent @property {string} label
 * @property {string} object @property {string} association @property {"first"|"second"} side
 * @property {number} count links that are not shown @property {number} total links of the group
 */

/**
 * @param {ReturnType<import("./api-client.mjs").createApi>} api
 * @param {string} location
 * @param {string} [asOf] a sequence number or a time; now, if undefined
 */
export function createLocationState(api, location, asOf) {
  const names = new Map();
  const nothingKept = () => ({ labels: new Map(), found: new Map(), sets: new Map(), answers: new Map(), deletions: new Map() });
  /** What an event may change: it is forgotten as a whole, and who began with it ends with it. */
  let kept = nothingKept();
  /** A time becomes the sequence number of the first answer, so that all show one state. */
  let moment = asOf;
  let head;

  const at = (...segments) => ["v1", "locations", location, ...segments];
  const note = (answer) => {
    head = answer.seq;
    if (moment !== undefined && answer.seq !== undefined) moment = String(answer.seq);
    return answer;
  };
  const get = async (segments, params, options) =>
    note(await api.get(at(...segments), { ...params, asOf: moment }, options));
  const post = async (segments, body, options) =>
    note(await api.post(at(...segments), body, { ...options, params: { asOf: moment } }));

  /** Asks once; a failure is not kept. */
  function once(key, ask) {
    const { answers } = kept;
    if (!answers.has(key)) {
      const answer = ask();
      answers.set(key, answer);
      answer.catch(() => answers.delete(key));
    }
    return answers.get(key);
  }

  const kinds = () => once("kinds", async () => {
    const answer = await get(["objects"], { limit: LINKS_MAX }, { what: "the kinds of records" });
    return new Map(answer.objects.map((kind) => [kind.object, kind]));
  });
  const summary = () => once("summary", () => get(["summary"], {}, { what: "the summary" }));
  const associations = async () =>
    new Map((await summary()).byAssociation.map((association) => [association.id, association]));

  const remember = ({ object, record, name }) => {
    const id = nodeOf({ object, record });
    if (name !== undefined || !names.has(id)) names.set(id, name);
    return id;
  };

  /** Counts the links of these nodes by label, where that is not known yet. */
  async function countLabels(nodes, signal, { labels } = kept) {
    const missing = nodes.filter((node) => !labels.has(node));
    for (let start = 0; start < missing.length; start += OF_MAX) {
      const of = missing.slice(start, start + OF_MAX);
      const { results } = await post(["labels"], { of }, { signal, what: "counts by label" });
      for (const result of results) labels.set(result.of, (result.labels ?? []).sort(byCount));
    }
    return labels;
  }

  /** Lists links of a record, newest first. */
  async function links(node, filter, signal) {
    const { object, record } = splitNode(node);
    const answer = await get(["objects", object, "records", record, "links"], { order: "newest", ...filter }, { signal, what: "links" });
    answer.links.forEach(remember);
    return answer;
  }

  /** Finds what a step adds. */
  async function find(step, signal, mine) {
    if (step.kind === "path") {
      const answer = await get(["path"], { from: step.from, to: step.to }, { signal, what: "a path" });
      return { nodes: (answer.paths[0] ?? []).map(remember) };
    }
    const all = step.kind === "expand" ? [step] : smallGroups((await countLabels([step.node], signal, mine)).get(step.node));
    if (all.length === 0) return { groups: [] };
    const filter = step.kind === "expand"
      ? { association: step.association, side: step.side, object: step.object, limit: step.limit }
      : { association: [...new Set(all.map((group) => group.association))], limit: LINKS_MAX };
    const answer = await links(step.node, filter, signal);
    return { groups: all.map((group) => ({ id: groupId(step.node, group), nodes: farEnds(answer.links, group) })) };
  }

  /** Makes sure that what these steps found is known; those that fail are returned. */
  async function findAll(list, signal, mine) {
    const { found } = mine;
    const missing = list.filter((step) => ASKING.includes(step.kind) && !found.has(formatStep(step)));
    const failed = [];
    await Promise.all(missing.map(async (step) => {
      try {
        found.set(formatStep(step), await find(step, signal, mine));
      } catch (error) {
        if (error.status !== 404) throw error;
        failed.push(step);
      }
    }));
    return failed;
  }

  async function linksAmong(nodes, signal, { sets }) {
    const key = [...nodes].sort().join("\n");
    if (!sets.has(key)) {
      const of = nodes.slice(0, BETWEEN_MAX);
      sets.set(key, await post(["between"], { of }, { signal, what: "the links among what is shown" }));
      if (sets.size > SETS_KEPT) sets.delete(sets.keys().next().value);
    }
    return sets.get(key);
  }

  /**
   * Returns what these steps show.
   * @param {import("./history.mjs").Step[]} list
   */
  async function shown(list, signal) {
    const mine = kept;
    const failed = await findAll(list, signal, mine);
    const after = shownAfter(list, (step) => mine.found.get(formatStep(step)));
    const wanted = after.nodes.filter((node) => !after.hidden.objects.has(splitNode(node).object));
    if (wanted.length === 0) return { ...after, nodes: [], links: [], groups: [], failed, unknown: [], complete: true, seq: head };
    const [among, known] = await Promise.all([
      linksAmong(wanted, signal, mine), countLabels(wanted, signal, mine), associations(), kinds(),
    ]);
    among.nodes.forEach(remember);
    const assembled = await assemble(among, known, after);
    return { ...after, ...assembled, nodes: await withDeletions(assembled.nodes, signal, mine), failed, unknown: among.unknown, complete: among.complete, seq: head };
  }

  async function assemble(among, known, { opened, hidden }) {
    const declared = await associations();
    const shownLinks = among.links.map(shownLink)
      .filter((link) => !hidden.labels.has(link.label) && !hidden.labels.has(link.ownLabel));
    const ends = new Map();
    const count = (key) => ends.set(key, (ends.get(key) ?? 0) + 1);
    for (const { from, to, association } of shownLinks) {
      // One that leads back to its own record is two of its links, one from either end.
      count(from);
      count(to);
      count(groupId(from, { association, side: "first", object: splitNode(to).object }));
      count(groupId(to, { association, side: "second", object: splitNode(from).object }));
    }
    const nodes = among.nodes.map((node) => {
      const id = nodeOf(node);
      const groups = known.get(id) ?? [];
      return {
        ...node, id, name: names.get(id), shown: ends.get(id) ?? 0,
        links: groups.reduce((sum, group) => sum + group.count, 0), violated: violated(groups, declared),
      };
    });
    const groups = nodes.filter(({ id }) => opened.has(id)).flatMap(({ id }) => (known.get(id) ?? [])
      .filter((group) => !hidden.labels.has(group.label) && !hidden.objects.has(group.object))
      .map((group) => ({
        ...group, id: groupId(id, group), parent: id, total: group.count,
        count: group.count - (ends.get(groupId(id, group)) ?? 0),
      }))
      .filter((group) => group.count > 0));
    return { nodes, links: shownLinks, groups };
  }

  /**
   * Says of records that were deleted that they were. No other answer tells that; but with a
   * record go its links, so that only those without any are asked about.
   */
  async function withDeletions(nodes, signal, { deletions }) {
    const unlinked = nodes.filter(({ links }) => links === 0).slice(0, UNLINKED_MAX);
    await Promise.all(unlinked.map(async ({ id }) => {
      if (!deletions.has(id)) deletions.set(id, await findDeletion(id, signal));
    }));
    return nodes.map((node) => (node.links === 0 && deletions.get(node.id) ? { ...node, deleted: deletions.get(node.id) } : node));
  }

  async function findDeletion(id, signal) {
    try {
      const { events } = await api.get(at("history"), { of: id, order: "newest", limit: EVENTS_MAX }, { signal, what: "whether a record was deleted" });
      return deletionOf(events, splitNode(id).record, moment === undefined ? undefined : Number(moment));
    } catch (error) {
      // What is not kept any more tells nothing.
      if (error.status >= 400 && error.status < 500) return undefined;
      throw error;
    }
  }

  return {
    location, asOf, at, get, post, kinds, summary, associations, countLabels, links, shown,
    /** The sequence number that answers are as of, once there is one. */
    head: () => head,
    moment: () => moment,
    nameOf: (id) => names.get(id),
    remember,
    /** Forgets what an event may have changed. */
    forget() {
      kept = nothingKept();
    },
  };
}

/** Returns the groups that one step may open: small ones, together not too many. */
function smallGroups(groups = []) {
  let sum = 0;
  return groups.filter(({ count }) => {
    const fits = count <= SMALL_GROUP && sum + count <= STEP_MAX;
    if (fits) sum += count;
    return fits;
  });
}

const farEnds = (links, { association, side, object }) => [...new Set(links
  .filter((link) => link.association === association && link.side === side && link.object === object)
  .map(nodeOf))];

function shownLink({ first, second, association, associationKey, relation, at, seq }) {
  const [from, to] = [nodeOf(first), nodeOf(second)];
  return {
    id: linkId({ relation, association }, from, to),
    from, to, label: second.label, ownLabel: first.label, association, associationKey, relation, at, seq,
  };
}
