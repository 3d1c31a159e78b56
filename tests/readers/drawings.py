"""DOT by Graphviz, Mermaid by mermaid."""

import json
import re
import subprocess
import unicodedata
from collections import Counter

from expected import COUNTS, LINK, by_javascript, cases, replaced, tell


def is_control(c):
    return unicodedata.category(c) == "Cc"


# Graphviz carries no control characters.
in_dot = replaced(lambda c: is_control(c) and c not in "\t\n")


def by_graphviz(case):
    command = ["dot", "-Tdot_json", str(case.file("dot"))]
    read = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    def single(text):
        """It keeps the doubled backslashes of a quoted text as they stand."""
        assert "\\" not in text.replace("\\\\", ""), text
        return text.replace("\\\\", "\\")

    def shown(label):
        """What it draws for a label: it reads the `\\n` and `\\\\` in one only then."""
        return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], label)

    found = read.get("objects", [])
    ids = {node["_gvid"]: single(node["name"]) for node in found}
    nodes = [{"id": ids[node["_gvid"]], "label": shown(node["label"]), "layer": node["layer_name"]}
             for node in found]
    links = []
    for edge in read.get("edges", []):
        link = {name: single(edge[name]) for name in LINK if name in edge and name != "label"}
        link["label"] = shown(edge["label"])
        links.append({**link, "source": ids[edge["tail"]], "target": ids[edge["head"]]})
    return nodes, links


def of_mermaid(read):
    """Texts of nodes, and for each edge those of its ends and its own."""
    texts = {node["id"]: drawn(node["text"]) for node in read["nodes"]}
    links = [(texts[link["start"]], texts[link["end"]], drawn(link["text"] or ""))
             for link in read["links"]]
    return Counter(texts.values()), Counter(links)


def drawn(text):
    """What mermaid draws for a text: its entity codes and line breaks are read last."""
    text = "" if text == " " else text.replace("<br>", "\n")
    def entity(found):
        return chr(int(found[1])) if found[1].isdigit() else {"quot": '"'}[found[1]]
    return re.sub(r"(?:#|ﬂ°°?)(\w+)(?:;|¶ß)", entity, text).strip()


def wanted_by_mermaid(case):
    change = replaced(lambda c: is_control(c) and c != "\n")

    def carried(text):
        # To JavaScript a byte order mark is white space, too.
        return change(text).strip().strip("\ufeff").strip()

    def shown(node):
        is_named = node["label"] != node["record"]
        return node["label"] if is_named else f"{node['object']}/{node['record']}"

    texts = {node["id"]: carried(shown(node)) for node in case.nodes}
    links = [(texts[link["source"]], texts[link["target"]], carried(link["label"]))
             for link in case.links]
    return Counter(texts.values()), Counter(links)


def main():
    for case in cases():
        case.check("Graphviz, dot", *by_graphviz(case), in_dot, node=("id", "label", "layer"),
                   empty_is_absent=True)
    drawn_cases = [case for case in cases() if case.file("mermaid").exists()]
    files = [case.file("mermaid") for case in drawn_cases]
    for case, read in zip(drawn_cases, by_javascript("mermaid", files)):
        for got, want in zip(of_mermaid(read), wanted_by_mermaid(case)):
            assert got == want, f"mermaid, {case.name}: {want - got} is missing, {got - want} foreign"
        COUNTS["mermaid"] += 1
    assert COUNTS["mermaid"] > 5
    tell()


main()
