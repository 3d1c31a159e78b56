/** The events about a record or a link: what each did, and what was received. */

import { changeWords } from "./change-words.mjs";
import { pretty } from "./dead-letters.mjs";
import { button, code, el, fill, named, number, time } from "./dom.mjs";
import { nodeOf, splitNode } from "./object-kinds.mjs";

const PAGE = 20;

/** How an event about a link begins. */
const OF_LINK = /^Relation/;

/**
 * @param {import("./main.mjs").App} app
 * @param {(promise: Promise<unknown>) => unknown} guard
 */
export function createEvents(app, guard) {
  /** Lists the events about a record, those about links with the other end. */
  async function ofRecord(body, node, { links, kinds, names, signal }) {
    const rows = el("ol", { class: "plain events" });
    const more = el("p");
    async function page(cursor) {
      const answer = await app.location.get(["history"], { of: node.id, order: "newest", limit: PAGE, cursor }, { signal, what: "the history" });
      const ends = await otherEnds(answer.events, node.id, links, signal);
      rows.append(...answer.events.map((event) => row(event, wordsOf(event, node, kinds), signal, farEnd(ends.get(event.id), names))));
      fill(more, answer.next ? button("Earlier events", () => guard(page(answer.next))) : null);
    }
    fill(body, rows, more);
    await page();
  }

  /** Lists the events about a link. */
  async function ofLink(body, { relation }, signal) {
    const answer = await app.location.get(["history"], { relation, order: "newest", limit: PAGE }, { signal, what: "the history of the link" });
    fill(body, el("h3", null, "Events"), el("ol", { class: "plain events" },
      answer.events.map((event) => row(event, changeWords({ type: event.type, relation }, new Map()), signal))));
  }

  function row(event, { text, sign, mark }, signal, end = null) {
    const body = el("div");
    return el("li", null, el("details", { ontoggle: ({ target }) => target.open && !body.firstChild && guard(raw(event, body, signal)) },
      el("summary", null, el("b", { class: mark }, el("span", { "aria-hidden": "true" }, `${sign} `), text), end, " ",
        time(event.receivedAt), el("span", { class: "soft" }, ` event ${number(event.seq)}`)), body));
  }

  const bodyOf = async ({ seq }, signal) =>
    (await app.api.get(app.location.at("events"), { after: seq - 1, limit: 1 }, { signal, what: "the event" })).events[0]?.body;

  async function raw(event, body, signal) {
    const text = await bodyOf(event, signal);
    fill(body, el("p", { class: "soft" }, event.type), code(text === undefined ? "It is not kept any more." : pretty(text)));
  }

  /**
   * Finds the other end of each link that these events are about: among the links that are there,
   * and for those that are not, in what was received.
   */
  async function otherEnds(events, node, links, signal) {
    const found = new Map(links.map((link) => [link.relation, link]));
    const missing = events.filter((event, at) => OF_LINK.test(event.type) && !found.has(event.id)
      && events.findIndex(({ id }) => id === event.id) === at);
    const associations = await app.location.associations();
    await Promise.all(missing.map(async (event) => {
      const end = endIn(await bodyOf(event, signal).catch(notKept), node, associations);
      if (end) found.set(event.id, end);
    }));
    const unnamed = [...new Set([...found.values()].map(nodeOf))].filter((id) => app.location.nameOf(id) === undefined);
    if (missing.length > 0 && unnamed.length > 0) {
      const { nodes } = await app.location.post(["between"], { of: unnamed }, { signal, what: "names" });
      nodes.forEach(app.location.remember);
    }
    return found;
  }

  /** Writes the other end of a link; with an association, its labels were deleted. */
  function farEnd(end, names) {
    if (!end) return null;
    const label = end.label || end.associationKey;
    return [label ? [" ", el("span", { class: "soft" }, named(label))] : "", " ", named((names && (end.name ?? app.location.nameOf(nodeOf(end)))) || end.record)];
  }

  return { ofRecord, ofLink };
}

/** Says what an event about a record, or about one of its links, did. */
function wordsOf({ type, id }, node, kinds) {
  return changeWords(OF_LINK.test(type) ? { type, relation: id } : { type, ...splitNode(node.id) }, kinds);
}

/** An event that was pruned, or that a token may not read, has no body. */
function notKept(error) {
  if (error.status >= 400 && error.status < 500) return undefined;
  throw error;
}

/** Returns the far end of the link in what was received, with its label. */
function endIn(text, node, associations) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return null;
  }
  body = body?.data?.firstRecordId ? body.data : body;
  const [first, second] = ["first", "second"].map((side) => ({ object: body?.[`${side}ObjectKey`], record: body?.[`${side}RecordId`] }));
  if (!first.record || !second.record) return null;
  const association = associations.get(body.associationId);
  const isFirst = nodeOf(first) === node;
  const label = isFirst ? association?.secondObjectLabel : association?.firstObjectLabel;
  return { ...(isFirst ? second : first), label, associationKey: association?.key };
}
