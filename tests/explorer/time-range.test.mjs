import assert from "node:assert/strict";
import test from "node:test";

import { asOfText, DAY_MS, fieldText, momentAt, parseAsOf, placeOf, PLACES, shifted } from "../../src/http/explorer/page/time-range.mjs";

const range = { first: Date.UTC(2026, 9, 1), now: Date.UTC(2026, 10, 10) };

test("each place of the slider is a moment, and leads back to its place", () => {
  assert.equal(momentAt(range, 0), range.first);
  for (let place = 0; place < PLACES; place += 1) {
    assert.equal(placeOf(range, momentAt(range, place)), place);
    assert.ok(momentAt(range, place) < (momentAt(range, place + 1) ?? range.now));
  }
});

test("the last place is now, which is no moment of the past", () => {
  assert.equal(momentAt(range, PLACES), undefined);
  assert.equal(placeOf(range, undefined), PLACES);
});

test("moments outside the range are at its ends, also where there was no event yet", () => {
  assert.equal(placeOf(range, 0), 0);
  assert.equal(placeOf(range, range.now + DAY_MS), PLACES);
  assert.equal(placeOf({ first: range.now, now: range.now }, range.now - 1), PLACES);
});

test("jumps end at the first event and at now", () => {
  assert.equal(shifted(range, undefined, -DAY_MS), range.now - DAY_MS);
  assert.equal(shifted(range, range.first + 1, -DAY_MS), range.first);
  assert.equal(shifted(range, range.now - 1, DAY_MS), undefined);
});

test("a moment is asked for to the second", () => {
  assert.equal(asOfText(Date.UTC(2026, 10, 9) + 777), "2026-11-09T00:00:00Z");
  assert.equal(asOfText(undefined), undefined);
});

test("what is asked for is an event or a time", () => {
  assert.deepEqual(parseAsOf("338"), { seq: 338 });
  assert.deepEqual(parseAsOf("2026-11-09T00:00:00Z"), { moment: Date.UTC(2026, 10, 9) });
  assert.deepEqual(parseAsOf("yesterday"), {});
  assert.deepEqual(parseAsOf(undefined), {});
});

test("a field of date and time reads back as the same minute", () => {
  const moment = Date.UTC(2026, 0, 2, 3, 4);
  assert.equal(Date.parse(fieldText(moment)), moment);
});
