"""Reads a location with the sender's own client library for Python, and prints all of it
as one JSON object."""

import asyncio
import json
import sys

from highlevel import HighLevel

url, token, location = sys.argv[1:]
# The only way to another host: the class is read when an object is made.
HighLevel.BASE_URL = url


def connect(secret):
    return HighLevel(private_integration_token=secret, log_level="none")


async def every(page):
    """All rows of a list, of which `page` reads so many from one on."""
    rows = []
    while True:
        more = await page(len(rows), 50)
        rows.extend(more)
        if len(more) < 50:
            return rows


async def search(page):
    """All rows of a search, of which `page` reads those after a cursor."""
    rows, after = [], []
    while True:
        more = await page({"locationId": location, "pageLimit": 50, "searchAfter": after})
        if not more:
            return rows
        rows.extend(more)
        after = more[-1]["searchAfter"]


async def opportunities(client):
    rows, after = [], {}
    while True:
        asked = {"location_id": location, "limit": 50, "status": "all", **after}
        answer = await client.opportunities.search_opportunity(**asked)
        if not answer["opportunities"]:
            return rows
        rows.extend(answer["opportunities"])
        meta = answer["meta"]
        after = {"start_after": meta["startAfter"], "start_after_id": meta["startAfterId"]}


async def records(client, key, primary):
    if key == "contact":

        async def contacts(body):
            return (await client.contacts.search_contacts_advanced(body))["contacts"]

        rows = await search(contacts)
        return [(row["id"], f"{row['firstName']} {row['lastName']}") for row in rows]
    if key == "opportunity":
        return [(row["id"], row["name"]) for row in await opportunities(client)]
    if key == "business":

        async def businesses(skip, limit):
            service = client.businesses
            answer = await service.get_businesses_by_location(location, str(limit), str(skip))
            return answer["businesses"]

        return [(row["id"], row["name"]) for row in await every(businesses)]

    async def of_object(body):
        body = {"page": 1, "query": "", **body}
        return (await client.objects.search_object_records(body, key))["records"]

    field = primary.rsplit(".", 1)[-1]
    return [(row["id"], row["properties"][field]) for row in await search(of_object)]


async def refusal(call):
    try:
        await call
    except Exception as error:
        return f"{type(error).__name__} {getattr(error, 'status_code', None)}: {error}"
    return "none"


async def relations(client, found, record):
    associations = list(found["associations"])
    half = len(associations) // 2
    # Each half of the associations by itself: both lists have several ids.
    for ids in (associations[:half], associations[half:]):

        async def page(skip, limit):
            asked = client.associations.get_relations_by_record_id
            return (await asked(record, location, skip, limit, ids))["relations"]

        for row in await every(page):
            found["relations"][row["id"]] = [
                row["associationId"],
                row["firstObjectKey"],
                row["firstRecordId"],
                row["secondObjectKey"],
                row["secondRecordId"],
            ]


async def definitions(client, found):
    async def page(skip, limit):
        answer = await client.associations.find_associations(location, skip, limit)
        return answer["associations"]

    for row in await every(page):
        found["associations"][row["id"]] = [
            row["key"],
            row["firstObjectKey"],
            row["secondObjectKey"],
            row["firstObjectLabel"],
            row["secondObjectLabel"],
        ]
        service = client.associations
        by_id = await service.get_association_by_i_d(row["id"])
        by_key = await service.get_association_key_by_key_name(row["key"], location)
        of_object = await service.get_association_by_object_keys(row["firstObjectKey"], location)
        same = [by_id, by_key, next(it for it in of_object if it["id"] == row["id"])]
        assert all(it["firstObjectLabel"] == row["firstObjectLabel"] for it in same), row


async def by_id(client, found):
    def first(key):
        return next(it.split(" ")[1] for it in found["records"] if it.startswith(f"{key} "))

    custom = next(key for key in found["objects"] if key.startswith("custom_objects."))
    record = await client.objects.get_record_by_id(custom, first(custom))
    contact = await client.contacts.get_contact(first("contact"))
    opportunity = await client.opportunities.get_opportunity(first("opportunity"))
    business = await client.businesses.get_business(first("business"))
    here = await client.locations.get_location(location)
    return {
        "contact": contact["contact"]["name"],
        "opportunity": opportunity["opportunity"]["name"],
        "business": business["business"]["name"],
        "location": here["location"]["name"],
        custom: next(iter(record["record"]["properties"].values())),
    }


async def main():
    client = connect(token)
    found = {"objects": {}, "associations": {}, "records": {}, "relations": {}}
    for row in (await client.objects.get_object_by_location_id(location))["objects"]:
        found["objects"][row["key"]] = row["labels"]["singular"]
        for id_, name in await records(client, row["key"], row["primaryDisplayProperty"]):
            found["records"][f"{row['key']} {id_}"] = name
    await definitions(client, found)
    for record in found["records"]:
        await relations(client, found, record.split(" ")[1])
    found["byId"] = await by_id(client, found)
    associations, objects = client.associations, client.objects
    unknown = connect("pit-wrong").objects.get_object_by_location_id(location)
    found["refused"] = {
        "missing": await refusal(associations.get_association_by_i_d("gone")),
        "invalid": await refusal(
            associations.get_relations_by_record_id("a", location, 0, 100_000)
        ),
        "foreign": await refusal(objects.get_object_by_location_id("other")),
        "unknown": await refusal(unknown),
    }
    print(json.dumps(found))


asyncio.run(main())
