/** A page of somebody else, open in the same browser, that tries to change what a server holds. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import test, { after, before } from "node:test";

import { launch } from "./browser.mjs";

const { EMPTY } = process.env;

const PATIENCE_MS = 20_000;

let other;
before(async () => {
  other = createServer((_, answer) => answer.writeHead(200, { "content-type": "text/html" }).end("<h1>Somebody else</h1>"));
  await new Promise((resolve) => other.listen(0, "127.0.0.1", resolve));
  await deliver("{");
});
after(() => {
  other.close();
  other.closeAllConnections();
});

const at = (path) => new URL(path, EMPTY).href;

const deliver = (body) => fetch(at("webhooks"), { method: "POST", headers: { "content-type": "application/json" }, body });

/** What a request could change: dead letters and locations. */
async function held() {
  const [letters, locations] = await Promise.all(["v1/dead-letters", "v1/locations"].map(async (path) => (await fetch(at(path))).json()));
  return { letters: letters.deadLetters, locations: locations.locations };
}

/** Counts the requests that a server answered so. */
async function answered(method, route, status) {
  const text = await (await fetch(at("metrics"))).text();
  const found = new RegExp(`^relata_http_requests_total\\{method="${method}",route="${route}",status="${status}"\\} (\\d+)`, "m").exec(text);
  return Number(found?.[1] ?? 0);
}

/** Waits for what the server says of itself. */
async function isTrue(condition) {
  const start = Date.now();
  while (!await condition()) {
    assert.ok(Date.now() - start < PATIENCE_MS, String(condition));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const REPLAY = "/v1/dead-letters/replay";

for (const engine of ["chromium", "firefox"]) {
  test(`a page of another port changes nothing in ${engine}`, async () => {
    const browser = await launch(engine);
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${other.address().port}/`);
      const before = await held();
      assert.equal(before.letters.length, 1);
      const [refused, replayed] = [await answered("POST", REPLAY, 403), await answered("POST", REPLAY, 200)];
      const tries = await page.evaluate(async (server, id) => {
        const event = JSON.stringify({ type: "ContactCreate", id: "c", locationId: "L" });
        const attempts = {
          replay: ["v1/dead-letters/replay", { method: "POST" }],
          blindReplay: ["v1/dead-letters/replay", { method: "POST", mode: "no-cors" }],
          replayOne: [`v1/dead-letters/${id}/replay`, { method: "POST", mode: "no-cors" }],
          remove: [`v1/dead-letters/${id}`, { method: "DELETE" }],
          deliver: ["webhooks/ContactCreate", { method: "POST", mode: "no-cors", headers: { "content-type": "text/plain" }, body: event }],
          deliverJson: ["webhooks/ContactCreate", { method: "POST", headers: { "content-type": "application/json" }, body: event }],
          read: ["v1/locations", {}],
        };
        const found = {};
        for (const [name, [path, options]] of Object.entries(attempts)) {
          found[name] = await fetch(server + path, options).then((answer) => answer.type, () => "refused");
        }
        return found;
      }, EMPTY, before.letters[0].id);
      // What a page sends without asking is sent; it never learns the answer.
      assert.deepEqual(Object.entries(tries).filter(([, type]) => !["refused", "opaque"].includes(type)), []);
      assert.ok(await answered("POST", REPLAY, 403) > refused, "the server was asked, and refused");
      assert.equal(await answered("POST", REPLAY, 200), replayed);
      // A form, for which no browser asks the server first.
      const blind = await answered("POST", REPLAY, 403);
      await page.evaluate((server) => {
        const form = document.body.appendChild(document.createElement("form"));
        [form.method, form.action] = ["post", `${server}v1/dead-letters/replay`];
        form.submit();
      }, EMPTY);
      await isTrue(async () => await answered("POST", REPLAY, 403) > blind);
      assert.deepEqual(await held(), before);
    } finally {
      await browser.close();
    }
  });
}

test("the same request of a program on this machine is answered", async () => {
  const answer = await fetch(at(REPLAY.slice(1)), { method: "POST" });
  assert.deepEqual([answer.status, await answer.json()], [200, { accepted: 0, refused: 1 }]);
});
