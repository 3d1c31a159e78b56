import assert from "node:assert/strict";
import test from "node:test";

import { formatStep, parseStep } from "../../src/http/explorer/page/history.mjs";
import { format, parse, param, STEPS_MAX, withParams } from "../../src/http/explorer/page/router.mjs";
import { generator, texts } from "./texts.mjs";

const plain = (route) => JSON.parse(JSON.stringify(route));

test("each view has an address", () => {
  for (const [fragment, expected] of [
    ["", { view: "locations" }],
    ["#/", { view: "locations" }],
    ["#/seaside-realty", { view: "overview", location: "seaside-realty" }],
    ["#/L%2F1%20%C3%A9%25", { view: "overview", location: "L/1 é%" }],
    ["#/l/kind/custom_objects.property", { view: "kind", location: "l", object: "custom_objects.property" }],
    ["#/l/graph?s=add:contact/a", { view: "graph", location: "l", steps: [{ kind: "add", node: "contact/a" }] }],
    ["#/l/violations", { view: "violations", location: "l" }],
    ["#/dead-letters?code=x", { view: "dead-letters", params: { code: ["x"] } }],
    ["#/%64ead-letters", { view: "overview", location: "dead-letters" }],
    ["#/l/changes?label=Owner&label=a+b&asOf=338", { view: "changes", location: "l", params: { label: ["Owner", "a+b"], asOf: ["338"] } }],
  ]) {
    const { route, faults } = parse(fragment);
    assert.deepEqual(plain(route), { steps: [], params: {}, ...expected }, fragment);
    assert.deepEqual(faults, [], fragment);
    assert.deepEqual(plain(parse(format(route)).route), plain(route), fragment);
  }
});

test("what cannot be read is named and left out", () => {
  for (const [fragment, part] of [
    ["#/l/graph?s=fly:contact/a&s=add:contact/b", "fly:contact/a"],
    ["#/l/graph?s=add:contact", "add:contact"],
    ["#/l/graph?s=add:%E0%A4%A", "add:"],
    ["#/l/graph?s=__proto__:x", "__proto__"],
    ["#/l/graph?s=expand:contact/a:x:third:contact:25", "third"],
    ["#/l/graph?s=expand:contact/a:x:first:contact:1e9", "1e9"],
    ["#/l/graph?asOf=%FF", "asOf"],
    ["#/l/nowhere", "nowhere"],
    ["#/%FF", "location"],
  ]) {
    const { route, faults } = parse(fragment);
    assert.equal(faults.length, 1, fragment);
    assert.ok(faults[0].includes(part), faults[0]);
    assert.ok(route.steps.every((step) => step.node === "contact/b"), fragment);
  }
});

test("an address has at most so many steps", () => {
  const { route, faults } = parse("#/l/graph?" + "s=add:contact/a&".repeat(STEPS_MAX + 5));
  assert.equal(route.steps.length, STEPS_MAX);
  assert.equal(faults.length, 1);
});

test("routes come back from their addresses, whatever texts are in them", () => {
  const random = generator(7);
  const text = () => random.pick(texts);
  const node = () => `${random.pick(["contact", "custom_objects.a:b", "a%2Fb"])}/${text() || "x"}`;
  const steps = [
    () => ({ kind: "add", node: node() }),
    () => ({ kind: "expand", node: node(), association: text(), side: "second", object: text(), limit: "25" }),
    () => ({ kind: "path", from: node(), to: node() }),
    () => ({ kind: "hide-label", label: text() }),
  ];
  for (let round = 0; round < 2000; round += 1) {
    const route = {
      view: random.pick(["graph", "overview", "changes"]), location: text() || "l",
      steps: Array.from({ length: random.below(5) }, () => random.pick(steps)()),
      params: { sel: Array.from({ length: 1 + random.below(2) }, text), asOf: [text()] },
    };
    const { route: read, faults } = parse(format(route));
    assert.deepEqual(plain(read), route, format(route));
    assert.deepEqual(faults, []);
  }
});

test("no fragment makes the parser throw, and what it reads is stable", () => {
  const random = generator(8);
  const pieces = ["#", "/", "?", "&", "=", "s=", "add:", "expand:", "%", "%2F", "%00", ":", "contact/a", "graph", "kind", "é", "constructor", "__proto__", "dead-letters"];
  for (let round = 0; round < 2000; round += 1) {
    const fragment = Array.from({ length: random.below(12) }, () => random.pick(pieces)).join("");
    const { route } = parse(fragment);
    assert.deepEqual(plain(parse(format(route)).route), plain(route), JSON.stringify(fragment));
  }
});

test("a lone half of a character does not break the address", () => {
  assert.doesNotThrow(() => format({ view: "graph", location: "l\ud800", steps: [{ kind: "add", node: "contact/\udfff" }], params: { sel: ["\ud800"] } }));
});

test("steps come back from their texts", () => {
  const step = { kind: "expand", node: "contact/a:b/c", association: "x:y", side: "first", object: "o&=#?", limit: "25" };
  assert.deepEqual(parseStep(formatStep(step)), step);
  assert.ok(!/[&=#?]/.test(formatStep(step)));
});

test("parameters are changed and removed", () => {
  const params = withParams({ sel: ["a"], asOf: ["1"] }, { sel: undefined, view: "list" });
  assert.deepEqual(params, { asOf: ["1"], view: ["list"] });
  assert.equal(param({ params }, "view"), "list");
  assert.equal(param({ params }, "sel"), undefined);
});
