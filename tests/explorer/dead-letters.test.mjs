import assert from "node:assert/strict";
import test from "node:test";

import { bodyBytes, groupLetters, hexadecimal, HEX_MAX, pretty, verdict } from "../../src/http/explorer/page/dead-letters.mjs";

const letter = (id, reason, field = null) => ({ id, code: "invalid_event", field, reason });

test("letters with one reason are one group, the largest first and the newest first in it", () => {
  const groups = groupLetters([letter(1, "a"), letter(2, "b"), letter(3, "b"), letter(4, "c", "x"), letter(5, "c", "y")]);
  assert.deepEqual(groups.map(({ reason, field, letters }) => [reason, field, letters.map(({ id }) => id)]),
    [["b", null, [3, 2]], ["c", "y", [5]], ["c", "x", [4]], ["a", null, [1]]]);
});

test("every letter is in one group", () => {
  const letters = Array.from({ length: 50 }, (_, at) => letter(at + 1, `reason ${at % 7}`, at % 3 ? null : "f"));
  assert.equal(groupLetters(letters).reduce((sum, group) => sum + group.letters.length, 0), 50);
});

test("JSON is laid out, and what is none stays as it is", () => {
  assert.equal(pretty('{"a":[1]}'), '{\n  "a": [\n    1\n  ]\n}');
  assert.equal(pretty("{'a':1}"), "{'a':1}");
  assert.equal(pretty(""), "");
});

test("bytes that are no text are shown in hexadecimal, up to a limit", () => {
  const bytes = bodyBytes({ bodyBase64: Buffer.from([0x7b, 0xe9, 0x00, 0x41]).toString("base64") });
  assert.equal(hexadecimal(bytes), "0000  7b e9 00 41                                      {..A");
  assert.equal(hexadecimal(new Uint8Array(HEX_MAX + 100)).split("\n").length, HEX_MAX / 16);
  assert.equal(hexadecimal(new Uint8Array(0)), "");
  assert.deepEqual([...bodyBytes({ body: "é" })], [0xc3, 0xa9]);
});

test("the doctor's verdict names what is known, and nothing else", () => {
  const refused = verdict({ reading: { ok: false, reason: "why", field: "timestamp", event: null }, effect: null, answer: 422 });
  assert.deepEqual(refused, [["Can be used", "no"], ["Why not", "why"], ["Field at fault", "timestamp"], ["Answer", "422"]]);
  const read = verdict({ reading: { ok: true, event: "RelationCreate", first: { object: "contact", record: "a/b" } }, effect: { status: "refused", reason: "too many" }, answer: 422 });
  assert.deepEqual(read, [["Can be used", "yes"], ["Event", "RelationCreate"], ["First", "contact/a/b"], ["Effect", "refused: too many"], ["Answer", "422"]]);
});
