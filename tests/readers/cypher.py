"""The Cypher script by GraphQLite, a Cypher engine in SQLite."""

import json
import re
import unicodedata

import apsw
import graphqlite

from expected import LINK, NODE, cases, replaced, spelled, tell


def statements(script):
    """As clients of databases split a script: at a `;` that ends a line."""
    script = re.sub(r"^//.*\n", "", script, flags=re.MULTILINE)
    return [statement for statement in re.split(r";\n", script) if statement.strip()]


def opened():
    connection = apsw.Connection(":memory:")
    connection.enable_load_extension(True)
    connection.load_extension(graphqlite.loadable_path())

    def run(query):
        (answer,), = connection.execute("SELECT cypher(?)", (query,))
        return json.loads(answer) if answer and answer.startswith("[") else []

    return run


def all_of(of, names):
    return ", ".join(f"{of}.{name} AS {name}" for name in names)


carried = replaced(lambda c: c == "\0")

# A label or type carries fewer characters.
named = replaced(lambda c: c == "\\" or unicodedata.category(c) == "Cc")


def main():
    for case in cases():
        if len(case.links) > 100 and not case.name.endswith("-all"):
            continue  # It is slow, and has read these already.
        run = opened()
        # What a link is known by is spelled.
        for link in case.links:
            for name in ("association", "relation"):
                link[name] = link[name] and spelled(link[name])
        script = statements(case.file("cypher").read_text())
        for again in (False, True):
            if again and len(case.links) > 70:
                break
            for statement in script:
                run(statement)
            nodes = run(f"MATCH (n) RETURN n.id AS id, {all_of('n', NODE)}, labels(n) AS classes")
            links = run("MATCH (a)-[r]->(b) RETURN a.id AS source, b.id AS target, "
                        f"{all_of('r', LINK)}, type(r) AS class")
            case.check("GraphQLite, cypher" + (" again" if again else ""), nodes, links, carried)
            for node in nodes:
                wanted = "Object" if node["layer"] == "object" else node["object"]
                assert node["classes"] == [named(wanted)], node
            for link in links:
                assert link["class"] == named(link["associationKey"] or link["label"]), link
    tell()


main()
