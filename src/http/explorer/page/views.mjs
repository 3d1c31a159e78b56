/** Every view, by the name that routes have for it. */

import * as changes from "./changes-view.mjs";
import * as deadLetters from "./dead-letters-view.mjs";
import * as diff from "./diff-view.mjs";
import * as graph from "./graph-view.mjs";
import * as locations from "./locations-view.mjs";
import * as kind from "./object-view.mjs";
import * as overview from "./overview-view.mjs";
import * as path from "./path-view.mjs";
import * as violations from "./violations-view.mjs";

export const VIEWS = { locations, overview, kind, graph, path, changes, diff, violations, "dead-letters": deadLetters };

/** The views between which people choose, in this order, and what each is called. */
export const TABS = [
  ["overview", "Overview"],
  ["graph", "Picture"],
  ["path", "Paths"],
  ["changes", "Changes"],
  ["diff", "Compare dates"],
  ["violations", "Violations"],
  ["dead-letters", "Dead letters"],
];
