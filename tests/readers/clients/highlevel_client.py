"""HighLevel's own client for Python, with nothing changed but the address of the server."""

import asyncio
import sys

from highlevel import HighLevel
from highlevel.error import GHLError

_, url, token, location = sys.argv
HighLevel.BASE_URL = url


def client(secret):
    return HighLevel(private_integration_token=secret, log_level="none")


async def fails(call, status, text):
    """Checks that a call fails with this status and text."""
    try:
        await call
    except GHLError as error:
        assert (error.status_code, text in str(error)) == (status, True), (status, str(error))
    else:
        raise AssertionError("it succeeded")


def ids(found):
    return [relation["id"] for relation in found["relations"]]


async def every_method():
    associations, objects = client(token).associations, client(token).objects
    definition = {
        "locationId": location,
        "key": "py buyer property",
        "firstObjectLabel": "Buyer",
        "firstObjectKey": "custom_objects.customer",
        "secondObjectLabel": "Home",
        "secondObjectKey": "custom_objects.property",
    }
    created = await associations.create_association(definition)
    assert {name: created[name] for name in definition} == definition, created
    other = await associations.create_association({**definition, "key": "py other"})
    key = created["id"]
    assert (await associations.get_association_by_i_d(key))["key"] == definition["key"]
    by_key = await associations.get_association_key_by_key_name(definition["key"], location)
    assert by_key["id"] == key, by_key
    by_object = await associations.get_association_by_object_keys("custom_objects.customer", location)
    assert [found["id"] for found in by_object["associations"]] == [key, other["id"]], by_object
    page = await associations.find_associations(location, 0, 100)
    assert key in [found["id"] for found in page["associations"]], page
    labels = {"firstObjectLabel": "Keen Buyer", "secondObjectLabel": "Home"}
    renamed = await associations.update_association(key, labels)
    assert renamed["firstObjectLabel"] == "Keen Buyer", renamed

    def link(association, second):
        body = {"locationId": location, "associationId": association}
        return associations.create_relation(
            {**body, "firstRecordId": "py-buyer", "secondRecordId": second}
        )

    first = await link(key, "py-home-1")
    second = await link(key, "py-home-2")
    third = await link(other["id"], "py-home-1")

    def listed(wanted=None):
        return associations.get_relations_by_record_id("py-buyer", location, 0, 100, wanted)

    every = [relation["id"] for relation in (first, second, third)]
    assert ids(await listed()) == every
    assert ids(await listed([key])) == every[:2]
    assert ids(await listed([key, other["id"]])) == every
    assert (await associations.delete_relation(second["id"], location))["success"]
    assert (await listed())["total"] == 2
    deleted = await associations.delete_association(other["id"])
    assert (deleted["deleted"], deleted["id"]) == (True, other["id"]), deleted
    assert ids(await listed()) == [first["id"]]

    found = await objects.get_object_by_location_id(location)
    assert "custom_objects.customer" in [found["key"] for found in found["objects"]], found
    one = await objects.get_object_schema_by_key("custom_objects.customer", location)
    assert one["object"]["labels"] == {"singular": "Customer", "plural": "Customers"}, one

    await fails(link(key, "py-home-1"), 400, "duplicate relation")
    missing = associations.create_relation({"locationId": location, "associationId": key})
    await fails(missing, 422, "firstRecordId should not be empty")
    await fails(associations.get_association_by_i_d("x"), 404, "Association not found")
    # This client does not escape a slash: it asks for another path.
    slash = associations.get_association_key_by_key_name("a/b", location)
    await fails(slash, 404, "Cannot GET /associations/key/a/b")
    foreign = associations.find_associations("elsewhere", 0, 1)
    await fails(foreign, 403, "does not have access to this location")
    wrong = client("pit-00000000-0000-0000-0000-000000000000").associations
    await fails(wrong.find_associations(location, 0, 1), 401, "Invalid Private Integration token")


asyncio.run(every_method())
print("ok")
