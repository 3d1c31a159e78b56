import assert from "node:assert/strict";
import test from "node:test";

import { backOff, createLive } from "../../src/http/explorer/page/live.mjs";

/** Lets everything that waits for nothing but promises go on. */
const settle = async () => { for (let turn = 0; turn < 50; turn += 1) await Promise.resolve(); await new Promise(setImmediate); };

/** A connection whose stream the test writes. */
function stream() {
  let controller;
  const body = new ReadableStream({ start(given) { controller = given; } });
  return {
    response: { body },
    send: (text) => controller.enqueue(new TextEncoder().encode(text)),
    close: () => controller.close(),
    fail: () => controller.error(new TypeError("network error")),
  };
}

/** A reader whose clock and connections the test has in hand. */
function fresh(answers = {}) {
  const told = { changes: [], states: [], lost: 0, asked: 0, froms: [], signals: [] };
  const timers = [];
  const host = {
    hidden: false, time: 0,
    after(milliseconds, action) {
      const timer = { at: host.time + milliseconds, action };
      timers.push(timer);
      return () => { timers.splice(timers.indexOf(timer) >>> 0, 1); };
    },
    now: () => host.time, random: () => 0.5, isHidden: () => host.hidden,
  };
  const connections = [];
  const live = createLive(async ({ lastEventId, signal }) => {
    told.froms.push(lastEventId);
    told.signals.push(signal);
    const answer = answers[told.froms.length];
    if (answer) throw answer;
    const made = stream();
    connections.push(made);
    return made.response;
  }, {
    onChange: (change) => told.changes.push(change.seq),
    onState: (state, detail) => told.states.push(detail.seconds === undefined ? state : `${state} ${detail.seconds}`),
    onLost: () => { told.lost += 1; },
    onUnauthorized: async () => { told.asked += 1; return told.asked === 1; },
  }, host);
  /** Lets time pass. */
  async function pass(milliseconds) {
    const until = host.time + milliseconds;
    for (;;) {
      await settle();
      const due = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      timers.splice(timers.indexOf(due), 1);
      host.time = due.at;
      due.action();
    }
    host.time = until;
    await settle();
  }
  return { live, host, told, connections, pass, timers };
}

const change = (seq) => `id: ${seq}\nevent: RelationCreate\ndata: {"seq":${seq}}\n\n`;
const end = (code) => `event: end\ndata: {"code":"${code}","detail":"why"}\n\n`;

test("waits grow from one second to thirty, and no two pages wait alike", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 30].map((attempt) => backOff(attempt, 0.5)), [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  assert.ok(backOff(3, 0) < backOff(3, 0.99));
  for (let attempt = 1; attempt < 40; attempt += 1) assert.ok(backOff(attempt, 1) <= 30_000);
});

test("a connection that breaks is resumed after the last event, and none is told twice", async () => {
  const { live, told, connections, pass } = fresh();
  live.start("6");
  await pass(0);
  connections[0].send("retry: 2000\nid: 6\n\n" + change(7) + change(8));
  await pass(0);
  connections[0].fail();
  await pass(1000);
  connections[1].send(change(9));
  await pass(0);
  assert.deepEqual([told.froms, told.changes], [["6", "8"], [7, 8, 9]]);
  assert.deepEqual(told.states, ["connecting", "live", "waiting 1", "connecting", "live"]);
});

test("an id without data moves the place to resume from", async () => {
  const { live, told, connections, pass } = fresh();
  live.start("6");
  await pass(0);
  connections[0].send("id: 17-3f9a01c2\n\n");
  await pass(0);
  connections[0].close();
  await pass(1000);
  assert.deepEqual(told.froms, ["6", "17-3f9a01c2"]);
});

test("attempts in a row wait longer and longer, until a change comes", async () => {
  const offline = Object.assign(new Error("no answer"), { status: 0 });
  const { live, told, connections, pass } = fresh({ 1: offline, 2: offline, 3: offline });
  live.start("1");
  await pass(7000);
  connections[0].send(change(2));
  await pass(0);
  connections[0].close();
  await pass(1000);
  assert.deepEqual(told.states.filter((state) => state.startsWith("waiting")), ["waiting 1", "waiting 2", "waiting 4", "waiting 1"]);
});

test("a busy server says how long to wait", async () => {
  const busy = Object.assign(new Error("busy"), { status: 429, retryAfter: 9 });
  const { live, told, pass } = fresh({ 1: busy });
  live.start("1");
  await pass(8999);
  assert.deepEqual([told.froms.length, told.states.at(-1)], [1, "waiting 9"]);
  await pass(1);
  assert.equal(told.froms.length, 2);
});

test("each end of a stream has its consequence", async () => {
  for (const [code, froms, state, lost, asked] of [
    ["too_slow", ["3", "5"], "live", 0, 0], ["shutdown", ["3", "5"], "live", 0, 0], ["unavailable", ["3", "5"], "live", 0, 0],
    ["pruned", ["3", ""], "live", 1, 0], ["unauthorized", ["3", "5"], "live", 0, 1], ["erased", ["3"], "ended", 0, 0],
  ]) {
    const { live, told, connections, pass } = fresh();
    live.start("3");
    await pass(0);
    connections[0].send(change(5) + end(code));
    await pass(1000);
    assert.deepEqual([told.froms, live.state(), told.lost, told.asked], [froms, state, lost, asked], code);
  }
});

test("a place that is gone is given up once, and a refused filter ends it", async () => {
  const gone = Object.assign(new Error("pruned"), { status: 410 });
  const first = fresh({ 1: gone });
  first.live.start("3");
  await first.pass(1000);
  assert.deepEqual([first.told.froms, first.told.lost, first.live.state()], [["3", ""], 1, "live"]);
  const refused = Object.assign(new Error("unknown object"), { status: 400 });
  const second = fresh({ 1: refused, 2: refused });
  second.live.start("3");
  await second.pass(60_000);
  assert.deepEqual([second.told.froms.length, second.live.state()], [2, "ended"]);
});

test("a token that is refused again ends it", async () => {
  const refused = Object.assign(new Error("token"), { status: 401 });
  const { live, told, pass } = fresh({ 1: refused, 2: refused });
  live.start("3");
  await pass(60_000);
  assert.deepEqual([told.asked, told.froms.length, live.state()], [2, 2, "ended"]);
});

test("a page that stays hidden closes its connection after ten seconds, and goes on when seen", async () => {
  const { live, host, told, connections, pass } = fresh();
  live.start("3");
  await pass(0);
  connections[0].send(change(4));
  host.hidden = true;
  live.visibilityChanged();
  await pass(9999);
  assert.deepEqual([live.state(), told.signals[0].aborted], ["live", false]);
  await pass(1);
  assert.deepEqual([live.state(), told.signals[0].aborted], ["hidden", true]);
  await pass(60_000);
  assert.equal(told.froms.length, 1);
  host.hidden = false;
  live.visibilityChanged();
  await pass(0);
  assert.deepEqual([live.state(), told.froms], ["live", ["3", "4"]]);
});

test("a page that is hidden for a moment keeps its connection", async () => {
  const { live, host, told, pass } = fresh();
  live.start("3");
  await pass(0);
  host.hidden = true;
  live.visibilityChanged();
  await pass(5000);
  host.hidden = false;
  live.visibilityChanged();
  await pass(60_000);
  assert.deepEqual([live.state(), told.froms.length], ["live", 1]);
});

test("a page that is left closes its connection at once, and goes on when it comes back", async () => {
  const { live, told, connections, pass, timers } = fresh();
  live.pageLeft();
  assert.equal(live.state(), "off");
  live.start("3");
  await pass(0);
  connections[0].send(change(4));
  await pass(0);
  live.pageLeft();
  assert.deepEqual([live.state(), told.signals[0].aborted, timers.length], ["hidden", true, 0]);
  await pass(60_000);
  assert.equal(told.froms.length, 1);
  live.visibilityChanged();
  // It is told so twice: as a page that comes back, and as one that is seen.
  live.visibilityChanged();
  await pass(0);
  assert.deepEqual([live.state(), told.froms], ["live", ["3", "4"]]);
});

test("what is stopped tells nothing more", async () => {
  const { live, told, connections, pass } = fresh();
  live.start("3");
  await pass(0);
  live.stop();
  connections[0].send(change(4));
  await pass(60_000);
  assert.deepEqual([told.changes, live.state(), told.froms.length], [[], "off", 1]);
});
