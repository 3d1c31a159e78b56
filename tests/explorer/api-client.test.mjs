import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import test from "node:test";

import { createApi, isStopped, pause, Problem } from "../../src/http/explorer/page/api-client.mjs";

/** Answers requests by a script, and notes them. */
function withAnswers(answer) {
  const seen = [];
  globalThis.fetch = async (url, options) => {
    seen.push({ url: String(url), ...options });
    options.signal?.throwIfAborted();
    return answer(seen.length, seen.at(-1));
  };
  return seen;
}

const ok = (value) => new Response(JSON.stringify(value));
const refused = (status, problem = {}, headers = {}) => new Response(JSON.stringify(problem), { status, headers });

function fresh(hooks = {}) {
  const told = { pending: [], waiting: [] };
  const api = createApi(new URL("http://host.test/crm/relata/"), {
    onPending: (pending) => told.pending.push(pending.length), onWaiting: (waiting) => told.waiting.push(waiting),
    onUnauthorized: async () => false, ...hooks,
  });
  return { api, told };
}

test("addresses keep the prefix and encode what is in them", () => {
  const { api } = fresh();
  const address = api.address(["v1", "locations", "L/1 é%", "search"], { q: "a&b=c#d", object: undefined, label: ["x", "y"], of: "contact/a" });
  assert.equal(address.href, "http://host.test/crm/relata/v1/locations/L%2F1%20%C3%A9%25/search?q=a%26b%3Dc%23d&label=x&label=y&of=contact/a");
});

test("a token is in a header, and in no address or command", async () => {
  const seen = withAnswers(() => ok({}));
  const { api } = fresh();
  api.setToken("rlt_secret");
  await api.get(["v1", "session"]);
  assert.equal(seen[0].headers.authorization, "Bearer rlt_secret");
  assert.ok(!seen[0].url.includes("secret"));
  const command = api.curl("POST", ["v1", "x"], { body: { of: ["it's"] } });
  assert.ok(!command.includes("secret") && command.includes("$TOKEN"));
  assert.ok(command.includes(`{"of":["it'\\''s"]}`), command);
});

test("four requests run at once, the others wait for their turn", async () => {
  let running = 0;
  let most = 0;
  withAnswers(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return ok({});
  });
  const { api, told } = fresh();
  await Promise.all(Array.from({ length: 20 }, () => api.get(["x"])));
  assert.equal(most, 4);
  assert.equal(told.pending.at(-1), 0);
});

test("an answer is awaited to the end of its body, and keeps its place so long", async () => {
  const ends = [];
  const seen = withAnswers(() => new Response(new ReadableStream({
    start(body) {
      body.enqueue(new TextEncoder().encode('{"seq":'));
      ends.push(() => {
        body.enqueue(new TextEncoder().encode("1}"));
        body.close();
      });
    },
  })));
  const { api, told } = fresh();
  const answers = [1, 2, 3, 4].map(() => api.get(["x"])).concat(api.post(["y"], {}));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([seen.length, told.pending.at(-1)], [4, 4]);
  ends[0]();
  assert.deepEqual(await answers[0], { seq: 1 });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([seen.length, told.pending.at(-1)], [5, 4]);
  ends.slice(1).forEach((end) => end());
  await Promise.all(answers);
  assert.equal(told.pending.at(-1), 0);
});

test("a body that breaks off is an error, and leaves its place", async () => {
  withAnswers((count) => (count === 1 ? new Response('{"seq":') : ok({})));
  const { api, told } = fresh();
  await assert.rejects(api.get(["x"]), SyntaxError);
  assert.equal(told.pending.at(-1), 0);
  assert.deepEqual(await Promise.all([1, 2, 3, 4, 5].map(() => api.get(["y"]))), Array(5).fill({}));
});

test("a request that was stopped leaves its place to another", async () => {
  withAnswers((_, { signal }) => new Promise((resolve, reject) => {
    if (!signal) resolve(ok({}));
    signal?.addEventListener("abort", () => reject(signal.reason));
  }));
  const { api } = fresh();
  const stopping = new AbortController();
  const stopped = Array.from({ length: 8 }, () => api.get(["x"], {}, { signal: stopping.signal }).catch(isStopped));
  const last = api.get(["y"]);
  stopping.abort();
  assert.deepEqual(await Promise.all(stopped), Array(8).fill(true));
  await last;
});

test("a server that is busy is asked again, three times at most", async () => {
  const seen = withAnswers((count) => (count < 3 ? refused(429, {}, { "retry-after": "0.001" }) : ok({ seq: 1 })));
  const { api, told } = fresh();
  assert.deepEqual(await api.get(["x"]), { seq: 1 });
  assert.equal(seen.length, 3);
  assert.equal(told.waiting.at(-1), null);
  const again = withAnswers(() => refused(503, { detail: "no" }, { "retry-after": "0.001" }));
  await assert.rejects(api.get(["x"]), (error) => error instanceof Problem && error.status === 503 && error.message === "no");
  assert.equal(again.length, 4);
});

test("what changes something is not sent twice", async () => {
  const seen = withAnswers(() => { throw new TypeError("failed"); });
  const { api } = fresh();
  await assert.rejects(api.send("DELETE", ["x"], { changes: true }), { status: 0 });
  assert.equal(seen.length, 1);
});

test("one dialog asks for a token, however many requests need one", async () => {
  let dialogs = 0;
  const { api } = fresh({ onUnauthorized: async () => { dialogs += 1; api.setToken("good"); return true; } });
  withAnswers((_, { headers }) => (headers.authorization ? ok({ seq: 1 }) : refused(401, { detail: "no token" })));
  const answers = await Promise.all(Array.from({ length: 6 }, () => api.get(["x"])));
  assert.deepEqual(answers, Array(6).fill({ seq: 1 }));
  assert.ok(dialogs <= 2, String(dialogs));
});

test("a refusal says what is wrong, and at which parameter", async () => {
  withAnswers(() => refused(400, { detail: "`asOf` is too great", code: "invalid_parameter", field: "asOf" }));
  const { api } = fresh();
  await assert.rejects(api.get(["x"]), { status: 400, field: "asOf", message: "`asOf` is too great" });
  withAnswers(() => new Response("<html>", { status: 502 }));
  await assert.rejects(api.get(["x"]), { status: 502, message: "The server answered with 502." });
});

test("streams take no place in the queue, and are sent with the token and their headers", async () => {
  const seen = withAnswers((_, { url }) => (url.includes("changes") ? new Promise(() => {}) : ok({})));
  const { api } = fresh();
  api.setToken("rlt_secret");
  for (let count = 0; count < 6; count += 1) api.open(["changes"], { headers: { "last-event-id": "17-3f" } });
  await api.get(["v1", "session"]);
  assert.deepEqual([seen[0].headers["last-event-id"], seen[0].headers.authorization], ["17-3f", "Bearer rlt_secret"]);
  assert.equal(seen.length, 7);
});

test("a stream that is refused is not tried again by itself", async () => {
  const seen = withAnswers(() => refused(503, {}, { "retry-after": "7" }));
  const { api } = fresh();
  await assert.rejects(api.open(["changes"]), ({ status, retryAfter }) => status === 503 && retryAfter === 7);
  assert.equal(seen.length, 1);
});

test("bytes are sent as they are", async () => {
  const seen = withAnswers(() => ok({}));
  const { api } = fresh();
  const bytes = new Blob([new Uint8Array([0, 255])]);
  await api.post(["doctor"], bytes);
  assert.equal(seen[0].body, bytes);
});

test("a pause ends by itself or with its signal, and leaves nothing at it", async () => {
  const stopping = new AbortController();
  const { signal } = stopping;
  for (let count = 0; count < 3; count += 1) await pause(0, signal);
  assert.deepEqual(getEventListeners(signal, "abort"), []);
  await pause(0);
  const waiting = pause(3_600_000, signal);
  stopping.abort();
  await assert.rejects(waiting, isStopped);
  assert.deepEqual(getEventListeners(signal, "abort"), []);
});

test("a pause whose signal was stopped before does not begin", async () => {
  const signal = AbortSignal.abort();
  const first = await Promise.race([pause(60, signal).then(() => "waited", isStopped), new Promise((resolve) => setImmediate(resolve, "neither"))]);
  assert.equal(first, true);
});
