/** A location of a few associations, answered as the server does, and counted. */

const nodeOf = (object, record) => `${object}/${record}`;

/**
 * @param {{ associations: object[], relations: [string, string, string][], events?: Record<string, object[]> }} graph
 *   each relation is an association, its first and its second node; the events are those of a
 *   node's history, and a node that has some is known
 */
export function createFakeApi({ associations, relations, events = {} }) {
  const requests = [];
  const split = (node) => ({ object: node.slice(0, node.indexOf("/")), record: node.slice(node.indexOf("/") + 1) });
  const byId = new Map(associations.map((one) => [one.id, one]));
  const known = new Set(relations.flatMap(([, first, second]) => [first, second]).concat(Object.keys(events)));

  function linksOf(node) {
    return relations.flatMap(([association, first, second], seq) => {
      const { firstObjectLabel, secondObjectLabel, key } = byId.get(association);
      const end = (far, side, label, ownLabel) => ({
        ...split(far), name: "name of " + far, label, ownLabel, side, association, associationKey: key, relation: String(seq), at: null, seq,
      });
      return [
        ...(first === node ? [end(second, "first", secondObjectLabel, firstObjectLabel)] : []),
        ...(second === node ? [end(first, "second", firstObjectLabel, secondObjectLabel)] : []),
      ];
    });
  }

  function labelsOf(node) {
    const groups = new Map();
    for (const { label, ownLabel, object, association, associationKey, side } of linksOf(node)) {
      const key = [association, side, object].join();
      const group = groups.get(key) ?? { label, ownLabel, object, association, associationKey, side, count: 0 };
      groups.set(key, { ...group, count: group.count + 1 });
    }
    return [...groups.values()];
  }

  function between(of) {
    const wanted = new Set(of);
    const end = (node, label) => ({ ...split(node), name: "name of " + node, label });
    return {
      nodes: of.filter((node) => known.has(node)).map((node) => ({ ...split(node), name: "name of " + node })),
      unknown: of.filter((node) => !known.has(node)),
      links: relations.flatMap(([association, first, second], seq) => {
        const { firstObjectLabel, secondObjectLabel, key } = byId.get(association);
        return wanted.has(first) && wanted.has(second)
          ? [{ first: end(first, firstObjectLabel), second: end(second, secondObjectLabel), association, associationKey: key, relation: String(seq), at: null, seq }] : [];
      }),
      complete: true, seq: relations.length,
    };
  }

  async function get(segments, params) {
    const [what, ...rest] = segments.slice(3);
    requests.push([what, params]);
    if (what === "summary") return { records: known.size, byAssociation: associations, seq: relations.length };
    if (what === "objects" && rest.length === 0) {
      const kinds = [...new Set([...known].map((node) => split(node).object))];
      return { objects: kinds.map((object) => ({ object, records: 1 })), seq: relations.length };
    }
    if (what === "history") return { events: events[params.of] ?? [], next: null, seq: relations.length };
    const wanted = [].concat(params.association ?? []);
    const links = linksOf(nodeOf(rest[0], rest[2])).reverse().filter((link) =>
      (wanted.length === 0 || wanted.includes(link.association))
      && (!params.side || link.side === params.side) && (!params.object || link.object === params.object));
    return { links: links.slice(0, Number(params.limit ?? 100)), total: links.length, next: null, seq: relations.length };
  }

  async function post(segments, body) {
    const [what] = segments.slice(3);
    requests.push([what, body]);
    if (what === "between") return between(body.of);
    return { results: body.of.map((node) => ({ of: node, labels: labelsOf(node) })), seq: relations.length };
  }

  return { get, post, requests, linksOf, labelsOf };
}
