"""N-Triples and N-Quads by Oxigraph and rdflib, asked with SPARQL."""

from datetime import datetime

import pyoxigraph
import rdflib

from expected import LINK, cases, node_id, tell

PREFIXES = """PREFIX v: <urn:relata:vocabulary:>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
NODES = PREFIXES + """SELECT ?object ?record ?label ?layer WHERE {
  VALUES (?type ?layer) { (v:Object "object") (v:Record "record") }
  ?node a ?type; v:object ?object; v:layer ?layer; rdfs:label ?label .
  OPTIONAL { ?node v:record ?record }
  # A record is of the type that its object key is.
  FILTER (?type = v:Object || EXISTS {
    ?node a ?key . FILTER (STRSTARTS(STR(?key), "urn:relata:object:")) })
}"""
LINKS = PREFIXES + """SELECT ?aObject ?aRecord ?bObject ?bRecord """ + " ".join(
    f"?{name}" for name in LINK) + """ WHERE {
  ?link v:first ?a; v:second ?b; rdfs:label ?label; v:association ?association .
  OPTIONAL { ?link v:under ?under }
  BIND (COALESCE(?under, ?link) AS ?predicate)
  # The statement that joins the two directly.
  ?a ?predicate ?b .
  ?a v:object ?aObject . OPTIONAL { ?a v:record ?aRecord }
  ?b v:object ?bObject . OPTIONAL { ?b v:record ?bRecord }
  OPTIONAL { ?link v:associationKey ?associationKey; v:associationType ?associationType;
             v:firstLabel ?firstLabel; v:secondLabel ?secondLabel }
  OPTIONAL { ?link v:relation ?relation }
  OPTIONAL { ?link v:at ?moment . FILTER (DATATYPE(?moment) = xsd:dateTime) BIND (STR(?moment) AS ?at) }
}"""


def links(rows):
    for row in rows:
        if "at" in row:
            # Some write a moment anew, without the zeros at its end.
            at = datetime.fromisoformat(row["at"].replace("Z", "+00:00"))
            row["at"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        row["source"] = node_id(row["aObject"], row.get("aRecord"))
        row["target"] = node_id(row["bObject"], row.get("bRecord"))
    return rows


def nodes(rows):
    return [{**row, "id": node_id(row["object"], row.get("record"))} for row in rows]


def oxigraph(case, name, kind, **where):
    store = pyoxigraph.Store()
    store.load(path=str(case.file(name)), format=kind)

    def ask(query):
        found = store.query(query, **where)
        names = [variable.value for variable in found.variables]
        return [{n: cell.value for n, cell in zip(names, row) if cell is not None} for row in found]

    case.check(f"Oxigraph, {name}", nodes(ask(NODES)), links(ask(LINKS)))
    return store


def by_rdflib(case, name, graph):
    graph.parse(case.file(name), format={"ntriples": "nt11", "nquads": "nquads"}[name])

    def ask(query):
        found = graph.query(query)
        return [{str(n): str(cell) for n, cell in row.asdict().items()} for row in found]

    case.check(f"rdflib, {name}", nodes(ask(NODES)), links(ask(LINKS)))
    return graph


def main():
    both = pyoxigraph.Store()
    for case in cases():
        triples = oxigraph(case, "ntriples", pyoxigraph.RdfFormat.N_TRIPLES)
        quads = oxigraph(case, "nquads", pyoxigraph.RdfFormat.N_QUADS,
                         use_default_graph_as_union=True)
        assert len(triples) == len(quads)
        graphs = [graph.value for graph in quads.named_graphs()]
        assert all(graph.startswith("urn:relata:location:") for graph in graphs), graphs
        assert len(graphs) == (1 if case.nodes else 0), graphs
        both.load(path=str(case.file("nquads")), format=pyoxigraph.RdfFormat.N_QUADS)
        by_rdflib(case, "ntriples", rdflib.Graph())
        by_rdflib(case, "nquads", rdflib.Dataset(default_union=True))
    assert len(list(both.named_graphs())) == 2, "two locations in one store"
    tell()


main()
