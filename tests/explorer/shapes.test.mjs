import assert from "node:assert/strict";
import test from "node:test";

import { COLOURS, SHAPES, look, outline } from "../../src/http/explorer/page/shapes.mjs";
import { THEMES } from "../../src/http/explorer/page/theme.mjs";

/**
 * Returns the contrast of two colours as WCAG 2 defines it, from 1 to 21.
 * @param {string} one six hexadecimal digits after a `#`
 * @param {string} other
 */
function contrast(one, other) {
  const [dim, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dim + 0.05);
}

/** @param {string} colour */
function luminance(colour) {
  const parts = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red, green, blue] = parts.map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test("standard kinds have fixed looks, and others never the colour of contacts", () => {
  assert.deepEqual(look("contact"), { shape: "circle", colour: 0 });
  assert.deepEqual(look("opportunity"), { shape: "diamond", colour: 2 });
  assert.deepEqual(look("business"), { shape: "square", colour: 3 });
  assert.deepEqual(look("task"), { shape: "triangle", colour: 5 });
  const fixed = ["contact", "opportunity", "business", "task"].map((kind) => JSON.stringify(look(kind)));
  for (let at = 0; at < 2000; at += 1) {
    const { shape, colour } = look(`custom_objects.kind_${at}`);
    assert.ok(SHAPES.includes(shape) && colour > 0 && colour < COLOURS);
    assert.ok(!fixed.includes(JSON.stringify({ shape, colour })));
  }
});

test("a kind looks the same on every machine and in every version", () => {
  assert.deepEqual(look("custom_objects.property"), { shape: "square", colour: 4 });
  assert.deepEqual(look("custom_objects.viewing"), { shape: "rounded", colour: 7 });
});

test("kinds spread over all looks", () => {
  const looks = Array.from({ length: 2000 }, (_, at) => JSON.stringify(look(`custom_objects.k${at}`)));
  assert.equal(new Set(looks).size, SHAPES.length * (COLOURS - 1) - 3);
});

test("colours of kinds and of changes stand out from each ground, texts can be read", () => {
  for (const theme of Object.values(THEMES)) {
    assert.equal(theme.kinds.length, COLOURS);
    const least = (colour, ratio, what) => {
      for (const ground of what) {
        const found = contrast(colour, ground);
        assert.ok(found >= ratio, `${theme.name}: ${colour} on ${ground} has ${found.toFixed(2)}`);
      }
    };
    for (const colour of theme.kinds) least(colour, 3, [theme.ground, theme.card]);
    least(theme.accent, 4.5, [theme.ground]);
    for (const colour of Object.values(theme.marks)) least(colour, 4.5, [theme.ground]);
    for (const colour of [theme.text, theme.soft]) least(colour, 4.5, [theme.ground, theme.card]);
  }
});

test("contrast is that of WCAG", () => {
  assert.equal(contrast("#000000", "#ffffff"), 21);
  assert.equal(contrast("#777777", "#ffffff").toFixed(2), "4.48");
});

test("outlines of all shapes have about the same area and lie around their point", () => {
  for (const shape of SHAPES) {
    const points = [];
    const path = {
      moveTo: (x, y) => points.push([x, y]),
      lineTo: (x, y) => points.push([x, y]),
      bezierCurveTo: (...numbers) => points.push(numbers.slice(0, 2), numbers.slice(2, 4), numbers.slice(4)),
      closePath: () => {},
    };
    outline(path, shape, 100, 50, 10);
    let twice = 0;
    points.forEach(([x, y], at) => {
      const [nextX, nextY] = points[(at + 1) % points.length];
      twice += x * nextY - nextX * y;
      assert.ok(Math.abs(x - 100) < 15 && Math.abs(y - 50) < 15, shape);
    });
    const area = Math.abs(twice / 2);
    assert.ok(area > 250 && area < 380, `${shape} has ${area}`);
  }
});
