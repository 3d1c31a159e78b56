// Reads a location with the sender's own client library for JavaScript, and prints all of
// it as one JSON object.
import { createRequire } from "node:module";

const [readers, url, token, location] = process.argv.slice(2);
const require = createRequire(`${readers}/package.json`);
const { HighLevel } = require("@gohighlevel/api-client");

function open(privateIntegrationToken) {
  const client = new HighLevel({
    privateIntegrationToken,
    rateLimitRetry: { maxRetries: 20 },
    logLevel: "none",
  });
  client.getHttpClient().defaults.baseURL = url;
  return client;
}

const client = open(token);
const found = { objects: {}, associations: {}, records: {}, relations: {}, refused: {} };

// All rows of a list, of which `page` reads so many from one on.
async function list(page) {
  const rows = [];
  for (;;) {
    const more = await page(rows.length, 50);
    rows.push(...more);
    if (more.length < 50) return rows;
  }
}

// All rows of a search, of which `page` reads those after a cursor.
async function search(page) {
  const rows = [];
  let after = [];
  for (;;) {
    const more = await page({ locationId: location, pageLimit: 50, searchAfter: after });
    if (more.length === 0) return rows;
    rows.push(...more);
    after = more.at(-1).searchAfter;
  }
}

async function opportunities() {
  const rows = [];
  let after = {};
  for (;;) {
    const asked = { locationId: location, limit: 50, status: "all", ...after };
    const { opportunities, meta } = await client.opportunities.searchOpportunity(asked);
    if (opportunities.length === 0) return rows;
    rows.push(...opportunities);
    after = { startAfter: meta.startAfter, startAfterId: meta.startAfterId };
  }
}

async function records(key, primary) {
  switch (key) {
    case "contact": {
      const contacts = (body) => client.contacts.searchContactsAdvanced(body);
      const rows = await search(async (body) => (await contacts(body)).contacts);
      return rows.map((row) => [row.id, `${row.firstName} ${row.lastName}`]);
    }
    case "opportunity":
      return (await opportunities()).map((row) => [row.id, row.name]);
    case "business": {
      const asked = (skip, limit) => ({ locationId: location, skip: `${skip}`, limit: `${limit}` });
      const page = (skip, limit) => client.businesses.getBusinessesByLocation(asked(skip, limit));
      const rows = await list(async (skip, limit) => (await page(skip, limit)).businesses);
      return rows.map((row) => [row.id, row.name]);
    }
    default: {
      const all = (body) => client.objects.searchObjectRecords({ schemaKey: key }, body);
      const asked = (body) => all({ page: 1, query: "", ...body });
      const rows = await search(async (body) => (await asked(body)).records);
      return rows.map((row) => [row.id, row.properties[primary.split(".").at(-1)]]);
    }
  }
}

async function refusal(call) {
  try {
    await call;
    return "none";
  } catch (error) {
    return `${error.code} ${error.statusCode}: ${error.message}`;
  }
}

for (const row of (await client.objects.getObjectByLocationId({ locationId: location })).objects) {
  found.objects[row.key] = row.labels.singular;
  for (const [id, name] of await records(row.key, row.primaryDisplayProperty)) {
    found.records[`${row.key} ${id}`] = name;
  }
}

const associations = (skip, limit) =>
  client.associations.findAssociations({ locationId: location, skip, limit });
for (const row of await list(async (...page) => (await associations(...page)).associations)) {
  found.associations[row.id] = [
    row.key, row.firstObjectKey, row.secondObjectKey, row.firstObjectLabel, row.secondObjectLabel,
  ];
  const byId = await client.associations.getAssociationByID({ associationId: row.id });
  const named = { keyName: row.key, locationId: location };
  const byKey = await client.associations.getAssociationKeyByKeyName(named);
  const asked = { objectKey: row.firstObjectKey, locationId: location };
  const ofObject = await client.associations.getAssociationByObjectKeys(asked);
  const same = [byId, byKey, ofObject.find((it) => it.id === row.id)];
  if (same.some((it) => it.firstObjectLabel !== row.firstObjectLabel)) throw new Error(row.id);
}

for (const record of Object.keys(found.records)) {
  const [, recordId] = record.split(" ");
  // Each half of the associations by itself: both lists have several ids.
  const ids = Object.keys(found.associations);
  for (const associationIds of [ids.slice(0, ids.length / 2), ids.slice(ids.length / 2)]) {
    const asked = { recordId, locationId: location, associationIds };
    const relations = (skip, limit) =>
      client.associations.getRelationsByRecordId({ ...asked, skip, limit });
    for (const row of await list(async (...page) => (await relations(...page)).relations)) {
      found.relations[row.id] = [
        row.associationId, row.firstObjectKey, row.firstRecordId, row.secondObjectKey,
        row.secondRecordId,
      ];
    }
  }
}

const first = (key) => Object.keys(found.records).find((it) => it.startsWith(`${key} `))?.split(" ")[1];
const custom = Object.keys(found.objects).find((key) => key.startsWith("custom_objects."));
const named = { schemaKey: custom, id: first(custom) };
found.byId = {
  contact: (await client.contacts.getContact({ contactId: first("contact") })).contact.name,
  opportunity: (await client.opportunities.getOpportunity({ id: first("opportunity") })).opportunity.name,
  business: (await client.businesses.getBusiness({ businessId: first("business") })).business.name,
  location: (await client.locations.getLocation({ locationId: location })).location.name,
};
found.byId[custom] = Object.values((await client.objects.getRecordById(named)).record.properties)[0];

const missing = { locationId: location, skip: 0, limit: 100_000, recordId: "a" };
found.refused = {
  missing: await refusal(client.associations.getAssociationByID({ associationId: "gone" })),
  invalid: await refusal(client.associations.getRelationsByRecordId(missing)),
  foreign: await refusal(client.objects.getObjectByLocationId({ locationId: "other" })),
  unknown: await refusal(open("pit-wrong").objects.getObjectByLocationId({ locationId: location })),
};
console.log(JSON.stringify(found));
