/** The page of a store without events: where to point the webhook, and what arrives there. */

import { isStopped, pause } from "./api-client.mjs";
import { code, el, fill, named, time } from "./dom.mjs";

const EVERY_MS = 2000;
const LISTED_MAX = 20;

/** What a status of a delivery means, and what to do. */
const MEANINGS = {
  200: "Accepted and on disk.",
  400: "Not a body that can be read. It is kept as a dead letter, with the reason.",
  401: "The signature is missing or wrong. Give the server the public key or secret of the sender (--webhook-key).",
  403: "It came through a proxy or under another host name, and this server asks for no signature. Start it with --webhook-auth required.",
  404: "No such path. Deliveries go to /webhooks or /webhooks/{EventType}.",
  413: "The body is too large.",
  415: "The sender has to say content-type: application/json.",
  422: "The event lacks what it needs. It is kept as a dead letter, with the reason.",
  429: "The server is busy; the sender should try again.",
  503: "The server cannot write at present; the sender should try again.",
};

const SAMPLES = [{
  id: "buyer-interest", locationId: "first-location", associationType: "USER_DEFINED", key: "buyer_interest",
  firstObjectKey: "contact", firstObjectLabel: "Interested Buyer", secondObjectKey: "custom_objects.property", secondObjectLabel: "Saved Home",
}, {
  id: "first-relation", locationId: "first-location", associationId: "buyer-interest",
  firstObjectKey: "contact", firstRecordId: "somebody", secondObjectKey: "custom_objects.property", secondRecordId: "a-house",
}];

/** @param {HTMLElement} region @param {import("./main.mjs").App} app */
export function mountFirstRun(region, app) {
  const stopping = new AbortController();
  const address = app.api.address(["webhooks"]).href;
  const arrived = el("div", null, el("p", { class: "soft" }, "Nothing yet. This page looks every two seconds."));
  const isLocal = /^(localhost|127\.|\[::1\])/.test(new URL(address).hostname);
  region.classList.add("page");
  region.append(
    el("h1", null, "No events yet"),
    el("p", null, "Relata shows who is linked to whom as soon as your CRM tells it. Three steps:"),
    el("ol", { class: "steps" },
      el("li", null, el("h2", null, "Try the address"), el("p", null, "This declares an association in a location of its own, and links two records under it:"),
        code(SAMPLES.map((sample, at) => `curl -s ${address}/${["AssociationCreate", "RelationCreate"][at]} -H 'content-type: application/json' -d '${JSON.stringify(sample)}'`).join("\n"))),
      el("li", null, el("h2", null, "Point the webhooks of your CRM here"), code(address),
        isLocal ? el("p", { class: "soft" }, "A CRM in the cloud cannot reach this address, which is of this machine alone: put a proxy or a tunnel with a public name in front, and start the server with ", el("code", null, "--webhook-auth required"), ".") : null,
        el("p", null, "Choose the events of associations, relations, records, object schemas, contacts and opportunities. Whatever else arrives is ignored.")),
      el("li", null, el("h2", null, "Watch what arrives"), arrived)),
    el("p", { class: "soft" }, "Events that you have as a file: ", el("code", null, "relata ingest FILE"), ". To look at sample data first: ", el("code", null, "relata serve --demo"), "."),
  );
  watch(app, arrived, stopping.signal).catch((error) => isStopped(error) || app.fail(error));
  return { unmount: () => stopping.abort() };
}

async function watch(app, shown, signal) {
  const seen = [];
  let before = await counts(app, signal);
  for (;;) {
    await pause(EVERY_MS, signal);
    if (document.hidden) continue;
    const now = await counts(app, signal);
    for (const [status, count] of now) {
      const more = count - (before.get(status) ?? 0);
      if (more > 0) seen.unshift({ status, more, at: new Date().toISOString() });
    }
    seen.splice(LISTED_MAX);
    before = now;
    const [{ locations }, letters] = await Promise.all([
      app.api.get(["v1", "locations"], {}, { signal }),
      now.size ? app.api.get(["v1", "dead-letters"], { limit: 5 }, { signal }) : { deadLetters: [] },
    ]);
    if (seen.length || locations.length) show(app, shown, seen, locations, letters.deadLetters);
  }
}

function show(app, shown, seen, locations, letters) {
  const reasons = letters.map((letter) => el("li", null, el("code", null, letter.code), " ", letter.reason));
  fill(shown,
    locations.map(({ locationId, name }) => el("p", null,
      el("a", { class: "button main", href: app.link({ view: "overview", location: locationId }), onclick: () => { app.locations = locations; } }, "Open ", named(name ?? locationId)))),
    el("table", null, el("tbody", null, seen.map(({ status, more, at }) => el("tr", null,
      el("td", null, time(at)), el("td", null, el("b", { class: status < 300 ? "good" : "bad" }, status), more > 1 ? ` × ${more}` : ""),
      el("td", null, MEANINGS[status] ?? "Refused."))))),
    reasons.length ? [el("p", null, "The last dead letters:"), el("ul", null, reasons)] : null);
}

/** Returns how many deliveries were answered with each status, as far as the token may know. */
async function counts(app, signal) {
  const found = new Map();
  let text;
  try {
    text = await (await app.api.send("GET", ["metrics"], { signal })).text();
  } catch (error) {
    if (error.status !== 403) throw error;
    return found;
  }
  const line = /^relata_http_requests_total\{method="POST",route="\/webhooks[^"]*",status="(\d+)"\} (\d+)/gm;
  for (const [, status, count] of text.matchAll(line)) found.set(Number(status), (found.get(Number(status)) ?? 0) + Number(count));
  return found;
}
