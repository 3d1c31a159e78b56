import assert from "node:assert/strict";
import test from "node:test";

import { place } from "../../src/http/explorer/page/placement.mjs";

const around = (angle, distance) => ({ x: distance * Math.cos(angle), y: distance * Math.sin(angle) });

/** A hub at the middle with seven nodes on one side, and what hangs on it. */
function crowded(side, fresh) {
  const old = Array.from({ length: 7 }, (_, at) => `old${at}`);
  const positions = new Map([["hub", { x: 0, y: 0 }]]);
  old.forEach((id, at) => positions.set(id, around(side + (at - 3) * 0.3, 100)));
  const ids = ["hub", ...old, ...fresh];
  const neighbours = new Map([["hub", [...old, ...fresh]]]);
  place(ids, neighbours, positions, 1);
  return positions;
}

const turned = (angle) => Math.abs(Math.atan2(Math.sin(angle), Math.cos(angle)));

test("a new node comes in on the side that is empty", () => {
  for (let turn = 0; turn < 16; turn += 1) {
    const side = (turn / 16) * 2 * Math.PI;
    const { x, y } = crowded(side, ["new"]).get("new");
    assert.ok(turned(Math.atan2(y, x) - side) > 2.8, `turn ${turn}`);
    assert.ok(Math.hypot(x, y) > 60 && Math.hypot(x, y) < 140);
  }
});

test("many new nodes fan out there, apart from each other and from what was there", () => {
  const fresh = Array.from({ length: 25 }, (_, at) => `new${at}`);
  const positions = crowded(0, fresh);
  const points = [...positions.values()];
  for (const id of fresh) {
    const point = positions.get(id);
    assert.ok(turned(Math.atan2(point.y, point.x)) > 0.9, id);
    for (const other of points) {
      if (other !== point) assert.ok(Math.hypot(point.x - other.x, point.y - other.y) > 25, id);
    }
  }
});

test("what hangs on nothing finds a free spot, and what hangs on it follows", () => {
  const positions = new Map(Array.from({ length: 9 }, (_, at) =>
    [`old${at}`, { x: ((at % 3) - 1) * 60, y: (Math.floor(at / 3) - 1) * 60 }]));
  const before = structuredClone(positions);
  const neighbours = new Map([["a", ["b"]], ["b", ["a", "c"]], ["c", ["b"]]]);
  place([...positions.keys(), "c", "b", "a", "alone"], neighbours, positions, 1);
  for (const [id, point] of before) assert.deepEqual(positions.get(id), point);
  const away = (one, other) =>
    Math.hypot(positions.get(one).x - positions.get(other).x, positions.get(one).y - positions.get(other).y);
  for (const id of ["a", "b", "c", "alone"]) for (const old of before.keys()) assert.ok(away(id, old) > 40);
  assert.ok(away("a", "b") < 100 && away("b", "c") < 100);
});
