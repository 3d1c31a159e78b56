"""GraphML by NetworkX and igraph, GEXF by NetworkX, both by their grammars."""

import io

import igraph
import networkx
from lxml import etree

from expected import cases, node_id, replaced, tell

HERE = __file__.rsplit("/", 1)[0]

# What XML 1.0 cannot carry.
in_xml = replaced(lambda c: (c < " " and c not in "\t\n\r") or c in "\ufffe\uffff")


def follows(grammar, file):
    tree = etree.parse(file)
    assert grammar.validate(tree), f"{file}: {grammar.error_log.last_error}"


def by_networkx(graph):
    """Nodes and links of a graph whose nodes name their object and record."""
    def ident(attributes):
        return node_id(attributes["object"], attributes.get("record"))

    ids = {name: ident(attributes) for name, attributes in graph.nodes(data=True)}
    nodes = [{**attributes, "id": ids[name]} for name, attributes in graph.nodes(data=True)]
    links = [{**attributes, "source": ids[a], "target": ids[b]}
             for a, b, attributes in graph.edges(data=True)]
    return nodes, links


def by_igraph(graph):
    def known(attributes):
        return {name: text for name, text in attributes.items() if text != ""}

    nodes = [known(vertex.attributes()) for vertex in graph.vs]
    for node in nodes:
        node["id"] = node_id(node["object"], node.get("record"))
    links = [{**known(edge.attributes()), "source": nodes[edge.source]["id"],
              "target": nodes[edge.target]["id"]} for edge in graph.es]
    return nodes, links


def living(things):
    """Those that were there always, or since some time: NetworkX spells no end so."""
    return [thing for thing in things
            if "spells" not in thing or any(end == "None" for _, end in thing["spells"])]


def main():
    ended = 0
    graphml_grammar = etree.RelaxNG(etree.parse(f"{HERE}/graphml.rng"))
    gexf_grammar = etree.RelaxNG(etree.parse(f"{HERE}/gexf.rng"))
    for case in cases():
        case = case.known_by(in_xml)
        graphml, gexf = str(case.file("graphml")), str(case.file("gexf"))
        follows(graphml_grammar, graphml)
        follows(gexf_grammar, gexf)
        graph = networkx.read_graphml(graphml, force_multigraph=True)
        assert graph.is_directed() and graph.is_multigraph()
        case.check("NetworkX, graphml", *by_networkx(graph), in_xml)
        nodes, links = by_igraph(igraph.Graph.Read_GraphML(graphml))
        case.check("igraph, graphml", nodes, links, in_xml, empty_is_absent=True)
        graph = networkx.read_gexf(gexf)
        assert graph.is_directed()
        case.check("NetworkX, gexf", *by_networkx(graph), in_xml)
        if case.file("gexf-dynamic").exists():
            follows(gexf_grammar, str(case.file("gexf-dynamic")))
            text = case.file("gexf-dynamic").read_bytes()
            # NetworkX knows no moments but those of another name.
            assert text.count(b'timeformat="dateTime"') == 1
            text = text.replace(b'timeformat="dateTime"', b'timeformat="date"')
            nodes, links = by_networkx(networkx.read_gexf(io.BytesIO(text)))
            case.check("NetworkX, gexf dynamic", living(nodes), living(links), in_xml)
            ended += len(nodes) + len(links) - len(living(nodes)) - len(living(links))
    assert ended > 10, "the past has more than the present"
    tell()


main()
