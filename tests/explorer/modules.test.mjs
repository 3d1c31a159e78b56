import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";

const PAGE = new URL("../../src/http/explorer/page/", import.meta.url);

/** The modules that draw: they work on plain data, without a document. */
const PURE = [
  "appearance", "badge", "bodies", "camera", "curves", "data-export", "force-layout", "highlight",
  "hit-test", "label-places", "labels", "layered-layout", "occupancy", "overlaps", "parallel-links",
  "placement", "quadtree", "scene", "shapes", "sizes", "sse", "svg-export", "text-width", "theme",
];

/** Those that paint on a canvas, or listen to one, that they are given. */
const GIVEN_A_CANVAS = ["canvas-renderer", "pointer"];

const textOf = (name) => readFile(new URL(`${name}.mjs`, PAGE), "utf8");

test("pure modules import pure modules only, and never in a circle", async () => {
  const imports = new Map();
  for (const name of [...PURE, ...GIVEN_A_CANVAS]) {
    const text = await textOf(name);
    const found = [...text.matchAll(/^(?:import|\} from|export .* from).*"\.\/([\w-]+)\.mjs";$/gm)].map(([, it]) => it);
    assert.equal(found.length, text.split("\n").filter((line) => /\bfrom "/.test(line)).length, name);
    imports.set(name, found);
    for (const other of found) {
      const allowed = PURE.includes(name) ? PURE : [...PURE, ...GIVEN_A_CANVAS];
      assert.ok(allowed.includes(other), `${name} imports ${other}`);
    }
  }
  const visit = (name, path) => {
    assert.ok(!path.includes(name), [...path, name].join(" → "));
    for (const other of imports.get(name)) visit(other, [...path, name]);
  };
  for (const name of imports.keys()) visit(name, []);
});

test("pure modules touch no document, no clock and no random numbers", async () => {
  for (const name of PURE) {
    const code = (await textOf(name)).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const found = code.match(/\b(document|window|navigator|fetch|innerHTML|Math\.random|Date|eval)\b/);
    assert.equal(found, null, `${name} has ${found?.[0]}`);
  }
});

test("modules are short and say what they are", async () => {
  for (const name of [...PURE, ...GIVEN_A_CANVAS]) {
    const text = await textOf(name);
    assert.ok(text.startsWith("/**"), name);
    assert.ok(text.split("\n").length <= 300, name);
  }
});
