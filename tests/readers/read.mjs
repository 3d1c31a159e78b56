// What a JavaScript library reads out of files: for each a line of JSON with nodes
// and links.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [readers, tool, ...files] = process.argv.slice(2);
const require = createRequire(`${readers}/package.json`);

const tools = {
  cytoscape(text) {
    const cytoscape = require("cytoscape");
    const graph = cytoscape({ headless: true, styleEnabled: false, ...JSON.parse(text) });
    return {
      nodes: graph.nodes().map((node) => node.data()),
      links: graph.edges().map((edge) => edge.data()),
    };
  },

  graphology(text) {
    const { MultiDirectedGraph } = require("graphology");
    const graph = MultiDirectedGraph.from(JSON.parse(text));
    return {
      nodes: graph.mapNodes((id, attributes) => ({ ...attributes, id })),
      links: graph.mapEdges((_, attributes, source, target) => ({ ...attributes, source, target })),
    };
  },

  async mermaid(text) {
    if (!globalThis.window) {
      const { JSDOM } = require("jsdom");
      const { window } = new JSDOM("");
      Object.assign(globalThis, { window, document: window.document });
    }
    const at = `${readers}/node_modules/mermaid/dist/mermaid.core.mjs`;
    const { default: mermaid } = await import(at);
    await mermaid.parse(text);
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
    return {
      nodes: [...db.getVertices().values()].map(({ id, text, type }) => ({ id, text, type })),
      links: db.getEdges().map(({ start, end, text }) => ({ start, end, text })),
    };
  },
};

for (const file of files) {
  console.log(JSON.stringify(await tools[tool](readFileSync(file, "utf8"))));
}
