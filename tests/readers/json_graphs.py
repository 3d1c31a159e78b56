"""The JSON formats by NetworkX, Cytoscape.js, graphology and the rules of JGF."""

import json

import jsonschema
import networkx

from expected import by_javascript, cases, tell

HERE = __file__.rsplit("/", 1)[0]


def by_networkx(graph):
    nodes = [{**attributes, "id": name} for name, attributes in graph.nodes(data=True)]
    links = [{**attributes, "source": a, "target": b} for a, b, attributes in graph.edges(data=True)]
    return nodes, links


def jgf(graph):
    nodes = [{**node["metadata"], "id": name} for name, node in graph["nodes"].items()]
    for node, said in zip(nodes, graph["nodes"].values()):
        assert node["label"] == said["label"]
    links = [{**edge["metadata"], "source": edge["source"], "target": edge["target"]}
             for edge in graph["edges"]]
    return nodes, links


def main():
    all_cases = cases()
    for tool in ["cytoscape", "graphology"]:
        for case, read in zip(all_cases, by_javascript(tool, [case.file(tool) for case in all_cases])):
            case.check(f"{tool} (npm)", read["nodes"], read["links"])
    schema = json.load(open(f"{HERE}/jgf.schema.json"))
    for case in all_cases:
        for name, key in [("node-link", "edges"), ("node-link-links", "links")]:
            data = json.load(open(case.file(name)))
            graph = networkx.node_link_graph(data, edges=key)
            assert graph.is_directed() and graph.is_multigraph()
            case.check(f"NetworkX, {name}", *by_networkx(graph))
        data = json.load(open(case.file("cytoscape")))
        case.check("NetworkX, cytoscape", *by_networkx(networkx.cytoscape_graph(data)))
        data = json.load(open(case.file("jgf")))
        jsonschema.validate(data, schema)
        case.check("jsonschema, jgf", *jgf(data["graph"]))
    tell()


main()
