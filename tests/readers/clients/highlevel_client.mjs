// HighLevel's own client for JavaScript, with nothing changed but the address of the server.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [readers, url, token, location, task] = process.argv.slice(2);
const require = createRequire(`${readers}/package.json`);
const { HighLevel } = require("@gohighlevel/api-client");

function client(secret, options = {}) {
  HighLevel.BASE_URL = url;
  return new HighLevel({ privateIntegrationToken: secret, logLevel: "none", ...options });
}

/** Checks that a call fails as the client's own errors say. */
async function fails(call, code, statusCode, text) {
  const error = await call.then(() => assert.fail("it succeeded"), (error) => error);
  assert.deepEqual([error.code, error.statusCode], [code, statusCode], error.message);
  assert.match(error.message, text);
  return error;
}

async function everyMethod() {
  const highlevel = client(token);
  const { associations, objects } = highlevel;
  assert.equal(await highlevel.healthCheck(), true);
  const definition = {
    locationId: location,
    key: "js/buyer property",
    firstObjectLabel: "Buyer",
    firstObjectKey: "custom_objects.buyer",
    secondObjectLabel: "Home",
    secondObjectKey: "custom_objects.property",
  };
  const created = await associations.createAssociation(definition);
  for (const [name, value] of Object.entries(definition)) assert.equal(created[name], value, name);
  const other = await associations.createAssociation({ ...definition, key: "js other" });
  const { id: associationId } = created;
  const byId = await associations.getAssociationByID({ associationId });
  assert.equal(byId.key, definition.key);
  const byKey = await associations.getAssociationKeyByKeyName({
    keyName: definition.key,
    locationId: location,
  });
  assert.equal(byKey.id, associationId);
  const byObject = await associations.getAssociationByObjectKeys({
    objectKey: "custom_objects.buyer",
    locationId: location,
  });
  assert.deepEqual(byObject.associations.map(({ id }) => id), [associationId, other.id]);
  assert.equal(byObject.id, associationId);
  const page = await associations.findAssociations({ locationId: location, skip: 0, limit: 100 });
  assert.ok(page.associations.some(({ id }) => id === associationId));
  const labels = { firstObjectLabel: "Keen Buyer", secondObjectLabel: "Home" };
  const renamed = await associations.updateAssociation({ associationId }, labels);
  assert.equal(renamed.firstObjectLabel, "Keen Buyer");

  const link = (id, secondRecordId) =>
    associations.createRelation({
      locationId: location,
      associationId: id,
      firstRecordId: "js-buyer",
      secondRecordId,
    });
  const first = await link(associationId, "js-home-1");
  const second = await link(associationId, "js-home-2");
  const third = await link(other.id, "js-home-1");
  const list = (associationIds) =>
    associations.getRelationsByRecordId({
      recordId: "js-buyer",
      locationId: location,
      skip: 0,
      limit: 100,
      associationIds,
    });
  const ids = (found) => found.relations.map(({ id }) => id);
  assert.deepEqual(ids(await list()), [first.id, second.id, third.id]);
  assert.deepEqual(ids(await list([associationId])), [first.id, second.id]);
  assert.deepEqual(ids(await list([associationId, other.id])), [first.id, second.id, third.id]);
  const gone = await associations.deleteRelation({ relationId: second.id, locationId: location });
  assert.equal(gone.success, true);
  assert.equal((await list()).total, 2);
  const deleted = await associations.deleteAssociation({ associationId: other.id });
  assert.deepEqual([deleted.deleted, deleted.id], [true, other.id]);
  assert.deepEqual(ids(await list()), [first.id]);

  const all = await objects.getObjectByLocationId({ locationId: location });
  assert.ok(all.objects.some(({ key }) => key === "custom_objects.buyer"));
  const one = await objects.getObjectSchemaByKey({ key: "custom_objects.buyer", locationId: location });
  assert.deepEqual(one.object.labels, { singular: "Buyer", plural: "Buyers" });

  await fails(link(associationId, "js-home-1"), "VALIDATION", 400, /duplicate relation/);
  const missing = associations.createRelation({ locationId: location, associationId });
  await fails(missing, "VALIDATION", 422, /^firstRecordId should not be empty, .*secondRecordId must/);
  await fails(associations.getAssociationByID({ associationId: "x" }), "NOT_FOUND", 404, /^Association not found$/);
  const foreign = associations.findAssociations({ locationId: "elsewhere", skip: 0, limit: 1 });
  await fails(foreign, "FORBIDDEN", 403, /does not have access to this location/);
  const wrong = client("pit-00000000-0000-0000-0000-000000000000").associations;
  const refused = wrong.findAssociations({ locationId: location, skip: 0, limit: 1 });
  await fails(refused, "AUTHENTICATION", 401, /^Invalid Private Integration token$/);
}

/** A server that has too much to do is tried again when it says. */
async function waits() {
  // The unknown member makes the body large enough to be counted.
  const create = (highlevel) =>
    highlevel.associations.createRelation({ associationId: "x", note: "x".repeat(200_000) });
  const error = await fails(create(client(token)), "RATE_LIMIT", 429, /^Too Many Requests$/);
  assert.deepEqual([error.rateLimit.scope, error.rateLimit.intervalMs], ["burst", 1000]);
  const patient = client(token, { rateLimitRetry: { enabled: true, maxRetries: 30 } });
  const began = Date.now();
  const waiting = fails(create(patient), "VALIDATION", 422, /property note should not exist/);
  await new Promise((done) => setTimeout(done, 500));
  console.log("waiting");
  await waiting;
  assert.ok(Date.now() - began >= 1000, "it waited");
}

await { everyMethod, waits }[task]();
console.log("ok");
