/** Models for the tests of the picture, and numbers that are random and always the same. */

/** Returns a generator of numbers from 0 to 1. */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const KINDS = ["contact", "opportunity", "business", "task", "custom_objects.property"];

export const node = (id, more = {}) => ({ id, kind: id.split("/")[0], text: `Name of ${id}`, ...more });

export const link = (id, from, to, more = {}) => ({
  id, from, to, label: "Interested Buyer", ownLabel: "Saved Home", ...more,
});

export const model = (nodes, links = [], groups = []) => ({ nodes, links, groups, past: false });

/** A model of connected nodes, half as many links again, and a few groups. */
export function randomModel(count, seed = 1) {
  const random = randomNumbers(seed);
  const nodes = Array.from({ length: count }, (_, at) =>
    node(`${KINDS[Math.floor(random() * KINDS.length)]}/${at}`));
  const links = [];
  for (let at = 1; at < count * 1.5; at += 1) {
    const from = at < count ? at : Math.floor(random() * count);
    const to = Math.floor(random() * random() * Math.min(from, count));
    links.push(link(`link${at}`, nodes[from].id, nodes[to].id));
  }
  const groups = nodes.slice(0, Math.min(count, 5)).map((parent, at) => ({
    id: `group${at}`, parent: parent.id, label: "Viewing", kind: "task", count: 10 ** (at + 1),
  }));
  return model(nodes, links, groups);
}

/** Texts that have broken pages, files and spreadsheets. */
export const HOSTILE = [
  "", " ", "<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "]]>", "<!--", "&amp;&lt;",
  "javascript:alert('x')", "\u202Eevil", "a\0b\x01\x1f\x7f", "\ud800", "\udfff tail", "\uffff\ufffe",
  "line\nbreak\r\ntab\t", "=1+1", "+1", "-1", "@SUM(A1)", "'quoted", "\uff1dwide", "  =after blanks",
  "\t=after tab", 'a,b;"c"', "👩‍👩‍👧‍👦".repeat(20), "e\u0301\u0301\u0301".repeat(30), "x".repeat(65536),
  "L/1 é%", "株式会社山田製作所", "يوسف العلي", "\u2028\u2029",
];
