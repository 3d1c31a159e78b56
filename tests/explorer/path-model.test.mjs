import assert from "node:assert/strict";
import test from "node:test";

import { linkId } from "../../src/http/explorer/page/history.mjs";
import { layered } from "../../src/http/explorer/page/layered-layout.mjs";
import { noWay, pathModel, WAYS_DRAWN } from "../../src/http/explorer/page/path-model.mjs";

const end = (record) => ({ object: "contact", record, name: `Name of ${record}`, link: null });
const to = (record, relation, side = "first") => ({ ...end(record), link: { label: "Friend", ownLabel: "Friend of", side, association: "knows", relation } });
const shown = { names: true, past: false };

test("ways that share a link draw it once, whichever end it is taken from", () => {
  const paths = [[end("a"), to("b", "1"), to("d", "2")], [end("a"), to("c", "3"), to("d", "4")], [end("d"), to("b", "2", "second")]];
  const model = pathModel(paths, new Map(), shown);
  assert.deepEqual(model.nodes.map(({ id }) => id), ["contact/a", "contact/b", "contact/d", "contact/c"]);
  assert.deepEqual(model.links.map(({ from, to: far }) => from.slice(-1) + far.slice(-1)), ["ab", "bd", "ac", "cd"]);
});

test("a link of a way has the id that it has in every picture", () => {
  const { links } = pathModel([[end("a"), to("b:/%", "1"), { ...to("c", undefined, "second") }]], new Map(), shown);
  assert.deepEqual(links.map(({ id }) => id), ["link:1:contact/a:contact/b%3A/%25", "link:knows:contact/c:contact/b%3A/%25"]);
  assert.equal(links[0].id, linkId({ relation: "1", association: "knows" }, "contact/a", "contact/b:/%"));
});

test("layers are as many as a way has records, from its first to its last", () => {
  const paths = [[end("a"), to("b", "1"), to("d", "2")], [end("a"), to("c", "3"), to("d", "4")]];
  const places = layered(pathModel(paths, new Map(), shown), "contact/a");
  const across = (record) => places.get(`contact/${record}`).x;
  assert.ok(across("a") < across("b") && across("b") < across("d"));
  assert.equal(across("b"), across("c"));
});

test("no more ways are drawn than can be followed", () => {
  const paths = Array.from({ length: WAYS_DRAWN + 5 }, (_, at) => [end("a"), to(`m${at}`, `x${at}`), to("z", `y${at}`)]);
  assert.equal(pathModel(paths, new Map(), shown).nodes.length, WAYS_DRAWN + 2);
});

test("ids stand where names are off", () => {
  assert.equal(pathModel([[end("a")]], new Map(), { names: false, past: true }).nodes[0].text, "a");
});

test("that there is no way is said only as surely as it is known", () => {
  assert.equal(noWay({ complete: true }, 1), "No way within 1 link.");
  assert.match(noWay({ complete: false }, 6), /within 6 links among those that were looked at/);
});
