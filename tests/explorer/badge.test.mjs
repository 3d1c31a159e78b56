import assert from "node:assert/strict";
import test from "node:test";

import { badgeOf } from "../../src/http/explorer/page/badge.mjs";

const at = { kind: "node", x: 0, y: 0, radius: 10 };

test("a badge says what changed, what is new, or how many links are not shown", () => {
  const cases = [
    [{}, null], [{ badge: 0 }, null], [{ badge: "" }, null], [{ badge: NaN }, null],
    [{ badge: "+1" }, "+1 loud"], [{ badge: 12 }, "+12 quiet"], [{ badge: 1234 }, "+1k quiet"],
    [{ badge: 7654321 }, "+7M quiet"], [{ change: "added" }, "+ loud"], [{ change: "removed" }, "− loud"],
    [{ change: "violation", badge: 12 }, "! loud"], [{ change: "changed", badge: "+1" }, "+1 loud"],
    [{ badge: "much too long" }, "much t loud"],
  ];
  for (const [mark, expected] of cases) {
    const badge = badgeOf({ ...at, ...mark });
    assert.equal(badge && `${badge.text} ${badge.isQuiet ? "quiet" : "loud"}`, expected);
  }
  assert.equal(badgeOf({ ...at, kind: "group", badge: "+1" }), null);
});
