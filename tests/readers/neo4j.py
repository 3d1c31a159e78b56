"""The files for the import of Neo4j by Python's csv, DuckDB and Ladybug."""

import csv
import re
import tempfile
import zipfile
from pathlib import Path

import duckdb
import ladybug

from expected import LINK, NODE, REPLACEMENT, cases, tell

NODE_HEADER = re.compile(r"^id:ID\(([-\w.]+)\)$", re.ASCII)
START, END = (re.compile(rf"^:{word}_ID\(([-\w.]+)\)$", re.ASCII) for word in ("START", "END"))


def unpacked(case, folder):
    """The files, nodes first, with the spaces that their headers name."""
    with zipfile.ZipFile(case.file("neo4j-csv")) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
        names = archive.namelist()
    assert names[0] == "README.txt" and sorted(names) == sorted(path.name for path in folder.iterdir())
    command = (folder / "README.txt").read_text()
    nodes, links = [], []
    for name in names[1:]:
        with open(folder / name, newline="", encoding="utf-8") as lines:
            header = next(csv.reader(lines))
        if header[0].startswith("id:"):
            assert header[1:] == [*sorted(NODE, key=header.index), ":LABEL"], header
            assert f"--nodes={name} " in command
            nodes.append((name, [NODE_HEADER.match(header[0])[1]], header))
        else:
            assert header[2:] == [":TYPE", *LINK[:-1], "at:datetime"], header
            assert f"--relationships={name} " in command
            links.append((name, [START.match(header[0])[1], END.match(header[1])[1]], header))
    assert command.count(".csv") == len(names) - 1
    return nodes, links


def plain(name):
    """The names of columns without what is there for Neo4j."""
    return {":TYPE": "class", ":LABEL": "class", "at:datetime": "at"}.get(name, re.sub(
        r"^:(START|END)_ID.*", lambda found: {"START": "source", "END": "target"}[found[1]],
        re.sub(r"^id:.*", "id", name)))


def checked(case, reader, nodes, links):
    case.check(reader, nodes, links, empty_is_absent=True)
    for node in nodes:
        wanted = "Object" if node["layer"] == "object" else node["object"]
        assert node["class"] == wanted.replace(";", REPLACEMENT), node
    for link in links:
        assert link["class"] == (link["associationKey"] or link["association"]), link


def by_csv(folder, files):
    rows = []
    for name, _, _ in files:
        with open(folder / name, newline="", encoding="utf-8") as lines:
            rows += [{plain(key): cell for key, cell in row.items()}
                     for row in csv.DictReader(lines, strict=True)]
    return rows


def by_duckdb(folder, files):
    rows, database = [], duckdb.connect()
    for name, _, header in files:
        columns = {plain(column): "VARCHAR" for column in header}
        found = database.execute(
            "SELECT * FROM read_csv(?, auto_detect=false, header=true, delim=',', quote='\"', "
            f"escape='\"', new_line='\\r\\n', columns={columns})", [str(folder / name)])
        rows += [dict(zip(columns, row)) for row in found.fetchall()]
    return rows


def by_ladybug(folder, nodes, links):
    """Tables from the headers, filled by COPY, asked with Cypher."""
    connection = ladybug.Connection(ladybug.Database(":memory:"))
    options = "(HEADER=true, PARALLEL=false, AUTO_DETECT=false, DELIM=',', QUOTE='\"', ESCAPE='\"')"

    def copy(table, name):
        connection.execute(f"COPY {table} FROM '{folder / name}' {options}")

    def ask(query):
        found = connection.execute(query)
        return [dict(zip(found.get_column_names(), row)) for row in found.get_all()]

    # Its names of tables have no dots.
    tables = {space: f"nodes{number}" for number, (_, (space,), _) in enumerate(nodes)}
    node_rows, link_rows = [], []
    for name, (space,), header in nodes:
        table = tables[space]
        names = [plain(column) for column in header]
        columns = ", ".join(f"{column} STRING" for column in names)
        connection.execute(f"CREATE NODE TABLE {table}({columns}, PRIMARY KEY(id))")
        copy(table, name)
        values = ", ".join(f"n.{column} AS {column}" for column in names)
        node_rows += ask(f"MATCH (n:{table}) RETURN {values}")
    for number, (name, ends, header) in enumerate(links):
        table, (start, end) = f"links{number}", (tables[space] for space in ends)
        names = [plain(column) for column in header[2:]]
        columns = ", ".join(f"{column} STRING" for column in names)
        connection.execute(f"CREATE REL TABLE {table}(FROM {start} TO {end}, {columns})")
        copy(table, name)
        values = ", ".join(f"r.{column} AS {column}" for column in names)
        link_rows += ask(f"MATCH (a:{start})-[r:{table}]->(b:{end}) "
                         f"RETURN a.id AS source, b.id AS target, {values}")
    return node_rows, link_rows


def main():
    for case in cases():
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            nodes, links = unpacked(case, folder)
            checked(case, "csv (Python), neo4j-csv", by_csv(folder, nodes), by_csv(folder, links))
            checked(case, "DuckDB, neo4j-csv", by_duckdb(folder, nodes), by_duckdb(folder, links))
            checked(case, "Ladybug, neo4j-csv", *by_ladybug(folder, nodes, links))
    tell()


main()
