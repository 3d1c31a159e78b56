/** Offers what is shown, or the whole location, as a file. */

import { button, code, counted, el, fill, named } from "./dom.mjs";
import { openDialog } from "./dialog.mjs";
import { download, FORMATS, save } from "./picture-export.mjs";

/** Formats that the server writes. */
const SERVER_FORMATS = ["graphml", "gexf", "dot", "mermaid", "cytoscape", "node-link", "jgf", "graphology", "csv", "neo4j-csv", "cypher", "ntriples", "nquads"];

/** The server exports this many nodes of a set. */
const NODES_MAX = 2000;

/**
 * @param {import("./main.mjs").App} app
 * @param {{ shown: object, kinds: Map<string, object>, picture: object }} what
 */
export function openExport(app, { shown, kinds, picture }) {
  const { location } = app.location;
  const title = app.locations.find((one) => one.locationId === location)?.name ?? location;
  const of = shown.nodes.slice(0, NODES_MAX).map(({ id }) => id);
  const params = (format) => ({ format, asOf: app.location.moment() });
  const format = el("select", { "aria-label": "Format" }, SERVER_FORMATS.map((name) => el("option", { value: name }, name)));

  const told = el("p", { role: "status" });
  const tell = (name) => fill(told, "Saved as ", named(name), ".");

  async function fromServer() {
    try {
      const answer = await app.api.send("POST", app.location.at("export"), { body: { of }, params: params(format.value), what: "the export" });
      const [, name] = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "") ?? [];
      tell(save(await answer.blob(), name ?? `relata.${format.value}`));
    } catch (error) {
      app.fail(error);
    }
  }

  const whole = code(app.api.curl("GET", app.location.at("export"), { params: params("graphml") }) + " -o relata.graphml");
  return openDialog("Export", () => [
    el("h3", null, `What is shown: ${counted(shown.nodes.length, "record")}, ${counted(shown.links.length, "link")}`),
    el("div", { class: "row" }, FORMATS.map((one) => button(one[0], () => download(one, {
      model: picture.model(), positions: picture.layout.positions, marks: picture.marks(), title, location, seq: shown.seq, kinds,
    }).then(tell, app.fail), { disabled: shown.nodes.length === 0 }))),
    el("h3", null, "The same records with all links among them, written by the server"),
    el("div", { class: "row" }, format, button("Download", fromServer, { disabled: of.length === 0 })),
    el("h3", null, "The whole location"),
    whole, told,
    el("p", null, el("a", { href: "../docs#export" }, "All formats and options")),
  ]);
}
