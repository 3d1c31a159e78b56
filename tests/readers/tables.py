"""The list of links by Python's csv and by DuckDB."""

import csv

import duckdb

from expected import LINK, cases, tell

ENDS = ["sourceObject", "sourceRecord", "sourceName", "targetObject", "targetRecord", "targetName"]
RUNS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def plain(cell):
    """A cell as it was before it was guarded; none may be run by a spreadsheet."""
    assert not (cell or "").lstrip(" ").startswith(RUNS), cell
    return cell[1:] if cell and cell.startswith("'") else cell


def checked(case, reader, rows):
    rows = [{name: plain(cell) for name, cell in row.items()} for row in rows]
    case.check(reader, None, rows, empty_is_absent=True)
    # Nodes that have links, by what a row says of its ends.
    ends = {(row[end], row[f"{end}Object"], row[f"{end}Record"] or "", row[f"{end}Name"] or "")
            for row in rows for end in ("source", "target")}
    linked = {link[end] for link in case.links for end in ("source", "target")}
    wanted = {(node["id"], node["object"], node["record"] or "", node["label"])
              for node in case.nodes if node["id"] in linked}
    assert ends == wanted, (case.name, ends ^ wanted)


def main():
    database = duckdb.connect()
    for case in cases():
        file = case.file("csv")
        assert file.read_bytes().endswith(b"\r\n")
        with open(file, newline="", encoding="utf-8") as lines:
            checked(case, "csv (Python)", list(csv.DictReader(lines, strict=True)))
        with open(file, newline="", encoding="utf-8") as lines:
            names = next(csv.reader(lines))
        assert names == ["source", "target", *LINK, *ENDS], names
        columns = {name: "VARCHAR" for name in names}
        found = database.execute(
            "SELECT * FROM read_csv(?, auto_detect=false, header=true, delim=',', quote='\"', "
            "escape='\"', new_line='\\r\\n', columns=" + str(columns) + ")", [str(file)])
        checked(case, "DuckDB, csv", [dict(zip(names, row)) for row in found.fetchall()])
    tell()


main()
