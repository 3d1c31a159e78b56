/**
 * What open pages cost those who post: deliveries one after the other, without pages and beside
 * five that follow all changes, in turn, round by round. `ROUNDS` says how many.
 *
 * Pages, sender and server share the machine, and five pages draw what comes: the ratio is one
 * of a machine on which everything runs.
 */

import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import test, { after, before } from "node:test";

import { isLive, launch, measured, post, settled, until, visit } from "./browser.mjs";

const { EMPTY } = process.env;

const ROUNDS = Number(process.env.ROUNDS ?? 3);

/** Deliveries of each turn, and how long the sender rests before each, in milliseconds: more at
 * once the page lists in part. */
const [POSTS, REST_MS] = [100, 25];

/** How many times as long as without pages a delivery takes at most, on a machine that does
 * other things, too. Usual are 1.0 to 1.1. */
const TIMES_MAX = 2;

/** What the five show. */
const VIEWS = ["", "", "/graph?s=around:house/h&sel=house/h", "/graph?s=add:house/h", "/changes"];

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

let browser;
before(async () => {
  await post(EMPTY, [{ type: "AssociationCreate", id: "a", key: "a", locationId: "L", firstObjectKey: "house", firstObjectLabel: "House", secondObjectKey: "contact", secondObjectLabel: "Buyer" }]);
  browser = await launch();
});
after(async () => {
  agent.destroy();
  await browser.close();
});

/** Posts as a CRM does, and returns the milliseconds until the answer. */
function deliver(number) {
  const body = JSON.stringify({
    id: `r${number}`, associationId: "a", locationId: "L",
    firstObjectKey: "house", firstRecordId: number % 10 ? `h${number}` : "h", secondObjectKey: "contact", secondRecordId: `c${number}`,
  });
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request(new URL("webhooks/RelationCreate", EMPTY), { method: "POST", agent, headers }, (answer) => {
      answer.resume().on("end", () => (answer.statusCode === 200 ? resolve(performance.now() - began) : reject(new Error(`status ${answer.statusCode}`))));
    });
    sent.on("error", reject).end(body);
  });
}

let delivered = 0;

/** Returns the median of how long a delivery takes, in milliseconds. */
async function turn() {
  const times = [];
  for (let at = 0; at < POSTS; at += 1) {
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    times.push(await deliver(delivered += 1));
  }
  return median(times);
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Calls a function while all these views are open, live from its beginning to its end. */
async function beside([view, ...others], use) {
  let result;
  await visit(browser, new URL(`explore/#/L${view}`, EMPTY).href, async (page) => {
    await isLive(page);
    result = others.length ? await beside(others, use) : await use();
    await isLive(page);
    if (view !== "/changes") return;
    await until(page, (wanted) => document.querySelector("table.changes tbody").innerText.includes(wanted), `c${delivered}`);
    await settled(page);
  });
  return result;
}

test("deliveries take about as long beside five open pages", async () => {
  await turn();
  const alone = [await turn()];
  const ratios = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const watched = await beside(VIEWS, turn);
    alone.push(await turn());
    const around = (alone.at(-2) + alone.at(-1)) / 2;
    ratios.push(watched / around);
    measured(`a delivery takes ${watched.toFixed(2)} ms beside ${VIEWS.length} pages, ${alone.at(-2).toFixed(2)} and ${alone.at(-1).toFixed(2)} ms without`);
  }
  const noise = alone.slice(1).map((one, at) => one / alone[at]);
  measured(`beside ${VIEWS.length} pages deliveries take ${median(ratios).toFixed(3)} times as long, from ${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)}; without any, a turn takes ${Math.min(...noise).toFixed(3)} to ${Math.max(...noise).toFixed(3)} times the one before`);
  assert.ok(median(ratios) < TIMES_MAX, ratios.join());
});
