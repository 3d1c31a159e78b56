import assert from "node:assert/strict";
import test from "node:test";

import { createEventParser } from "../../src/http/explorer/page/sse.mjs";
import { randomNumbers } from "./models.mjs";

/** Feeds bytes in chunks that end at the given places. */
function parsed(bytes, ends = [bytes.length], lastEventId = undefined) {
  const events = [];
  const parser = createEventParser((event) => events.push(event), lastEventId);
  let start = 0;
  for (const end of ends) {
    parser.push(bytes.subarray(start, end));
    start = end;
  }
  return { events, lastEventId: parser.lastEventId, retry: parser.retry };
}

const bytesOf = (text) => new TextEncoder().encode(text);

const message = (data, lastEventId = "", type = "message") => ({ type, data, lastEventId });

const CASES = [
  ["one event", "data: a\n\n", [message("a")]],
  ["type and id", 'event: change\nid: 7\ndata: {"a":1}\n\n', [message('{"a":1}', "7", "change")]],
  ["several lines", "data: a\ndata:\ndata:  b\n\n", [message("a\n\n b")]],
  ["without a blank", "data:a\n\n", [message("a")]],
  ["comments", ": heartbeat\n\n:\ndata: a\n\n", [message("a")]],
  ["empty data", "data\n\ndata:\n\n", [message(""), message("")]],
  ["no data", "event: change\n\ndata: a\n\n", [message("a")]],
  ["an id lasts", "id: 3\ndata: a\n\ndata: b\n\n", [message("a", "3"), message("b", "3")]],
  ["an empty id", "id: 3\n\nid\ndata: a\n\n", [message("a", "")]],
  ["an id with NUL", "id: 3\n\nid: 4\0\ndata: a\n\n", [message("a", "3")]],
  ["an unknown field", "colour: red\ndata: a\n\n", [message("a")]],
  ["cut off", "data: a\n\ndata: b\n", [message("a")]],
  ["a mark of byte order", "\ufeffdata: a\n\n", [message("a")]],
  ["letters of many bytes", "data: é 山 👩‍👧 \u202E\n\n", [message("é 山 👩‍👧 \u202E")]],
  ["separators that are no line ends", "data: a\u2028b\u0085c\n\n", [message("a\u2028b\u0085c")]],
];

for (const [name, text, expected] of CASES) {
  test(`events are read: ${name}`, () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const bytes = bytesOf(text.replaceAll("\n", end));
      // Whether a carriage return at the end is a line end of its own is seen at once.
      assert.deepEqual(parsed(bytes).events, expected);
      assert.deepEqual(parsed(bytes, [...bytes.keys(), bytes.length]).events, expected, "byte by byte");
      for (let at = 0; at <= bytes.length; at += 1) {
        assert.deepEqual(parsed(bytes, [at, bytes.length]).events, expected, `split at ${at}`);
      }
    }
  });
}

test("an id without data moves the place to resume from", () => {
  assert.equal(parsed(bytesOf("id: 41\ndata: a\n\nid: 42\n\n")).lastEventId, "42");
  assert.equal(parsed(bytesOf("id: 41\ndata: a\n\nid: 42\n")).lastEventId, "41");
  assert.equal(parsed(bytesOf("data: a\n\n"), undefined, "40").lastEventId, "40");
  assert.deepEqual(parsed(bytesOf("data: a\n\n"), undefined, "40").events, [message("a", "40")]);
});

test("the wait before the next connection is read if it is a number", () => {
  assert.equal(parsed(bytesOf("retry: 2000\n\n")).retry, 2000);
  assert.equal(parsed(bytesOf("retry: 2s\n\n")).retry, undefined);
});

test("random streams are the same however they are split", () => {
  const random = randomNumbers(3);
  const parts = ["data", "id", "event", ":", ": ", "\r", "\n", "\r\n", "\n\n", "é", "👩", "7", " ", "\0"];
  for (let turn = 0; turn < 300; turn += 1) {
    const text = Array.from({ length: 40 }, () => parts[Math.floor(random() * parts.length)]).join("");
    const bytes = bytesOf(`${text}\n\ndata: end\n\n`);
    const ends = [...bytes.keys()].filter(() => random() < 0.3);
    assert.deepEqual(parsed(bytes, [...ends, bytes.length]), parsed(bytes));
  }
});

test("an event without an end is refused, many events are not", () => {
  const parser = createEventParser(() => {});
  const line = bytesOf(`data: ${"x".repeat(1024 * 1024)}\n`);
  assert.throws(() => {
    for (let at = 0; at < 20; at += 1) parser.push(line);
  }, RangeError);
  let count = 0;
  const other = createEventParser(() => (count += 1));
  const ended = bytesOf(`data: ${"x".repeat(1024 * 1024)}\n\n`);
  for (let at = 0; at < 20; at += 1) other.push(ended);
  assert.equal(count, 20);
  const endless = createEventParser(() => {});
  assert.throws(() => {
    for (let at = 0; at < 20; at += 1) endless.push(line.subarray(0, -1));
  }, RangeError);
});
