"""What the API answers, and how a reader's view of an export is held against it."""

import copy
import json
import os
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

READERS = Path(os.environ["READERS"])
LINK = ["label", "association", "associationKey", "associationType", "firstLabel", "secondLabel",
        "relation", "at"]
NODE = ["object", "record", "label", "layer"]


def spelled(text, also=""):
    """A text within an id: what some format cannot carry as its number between points."""
    def is_spelled(c):
        return c in "\u00b7\ufffe\uffff" + also or unicodedata.category(c) == "Cc"
    return "".join(f"\u00b7{ord(c):x}\u00b7" if is_spelled(c) else c for c in text)


def node_id(object_key, record):
    object_key = spelled(object_key, "/")
    return object_key if record is None else f"{object_key}/{spelled(record)}"


class Case:
    """One export: a folder with a file for each format."""

    def __init__(self, folder):
        self.folder, self.name = folder, folder.name
        expected = json.loads((folder / "expected.json").read_text())
        self.nodes = [
            {**node, "id": node_id(node["object"], node["record"]),
             "layer": "object" if node["record"] is None else "record"}
            for node in expected["nodes"]
        ]
        self.links = [
            {**link, "source": node_id(*link["source"]), "target": node_id(*link["target"])}
            for link in expected["links"]
        ]

    def known_by(self, carried):
        """The same for a reader that knows a node by its attributes, as the format carries them."""
        def ident(node):
            return node_id(*(text and carried(text) for text in (node["object"], node["record"])))

        ids = {node["id"]: ident(node) for node in self.nodes}
        other = copy.copy(self)
        other.nodes = [{**node, "id": ids[node["id"]]} for node in self.nodes]
        other.links = [{**link, "source": ids[link["source"]], "target": ids[link["target"]]}
                       for link in self.links]
        return other

    def file(self, format_name):
        return self.folder / format_name

    def check(self, reader, nodes, links, carried=lambda text: text, node=("id", *NODE),
              link=("source", "target", *LINK), empty_is_absent=False):
        """Compares all texts of all nodes and links, as often as they are there.

        carried: what the format makes of a text; node, link: what it carries at all.
        """
        def rows(items, names, change):
            def row(item):
                known = ((name, item.get(name)) for name in names)
                texts = ((name, change(text)) for name, text in known if text is not None)
                return frozenset((n, t) for n, t in texts if t != "" or not empty_is_absent)
            return Counter(map(row, items))

        for what, wanted, got, names in [("nodes", self.nodes, nodes, node),
                                         ("links", self.links, links, link)]:
            if got is None:
                continue
            wanted, got = rows(wanted, names, carried), rows(got, names, lambda text: text)
            if wanted != got:
                missing, foreign = list((wanted - got).items()), list((got - wanted).items())
                raise AssertionError(
                    f"{reader}, {self.name}, {what}: {len(missing)} are missing, {len(foreign)} are "
                    f"foreign\n  missing {[(sorted(r), n) for r, n in missing[:2]]}"
                    f"\n  foreign {[(sorted(r), n) for r, n in foreign[:2]]}")
        COUNTS[reader] += 1


COUNTS = Counter()


def cases():
    folders = sorted(Path(sys.argv[1]).iterdir())
    assert len(folders) > 5, folders
    return [Case(folder) for folder in folders]


def tell():
    """Says what was read, at the end."""
    for reader, count in COUNTS.items():
        print(f"{reader}: {count} exports read as the API answers")


def by_javascript(tool, files):
    """What a JavaScript library reads out of each file."""
    script = Path(__file__).with_name("read.mjs")
    command = ["node", str(script), str(READERS), tool, *map(str, files)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    read = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(read) == len(files)
    return read


REPLACEMENT = "\ufffd"


def replaced(forbidden):
    """A text whose forbidden characters are replaced."""
    return lambda text: "".join(REPLACEMENT if forbidden(c) else c for c in text)
