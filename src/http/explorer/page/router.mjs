/**
 * The fragment of the address as a route, and back.
 *
 * All state is in the fragment: any prefix of a proxy works, and ids of records appear in no
 * log. `main.mjs` shows a route with the view that `views.mjs` lists for it.
 *
 * A view is one file that exports
 *
 *     export function mount(region, route, app) → { update?(route), unmount() }
 *
 * `region` is an empty element of its own, `route` a {@link Route}, `app` is what `main.mjs`
 * documents as `App`. When the route changes and its view does not, `update` is called; a view
 * without `update` is mounted again. `unmount` releases what is not in `region`: timers,
 * listeners on `window`, requests.
 *
 *     #/                             locations
 *     #/{location}                   overview
 *     #/{location}/kind/{objectKey}  records of a kind
 *     #/{location}/graph?s=…         the picture that these steps make
 *     #/{location}/{view}?…          any other view of a location
 *     #/dead-letters                 of all locations
 */

import { encodeField, formatStep, parseStep } from "./history.mjs";

/**
 * @typedef {object} Route
 * @property {string} view name of a view
 * @property {string} [location] id of a location
 * @property {string} [object] object key, of the view `kind`
 * @property {import("./history.mjs").Step[]} steps of the view `graph`
 * @property {Record<string, string[]>} params the other parameters
 */

/** Views of a location, by the second segment. */
const LOCATION_VIEWS = ["graph", "path", "changes", "diff", "violations"];

/** Views that have no location, by the first segment. */
const GLOBAL_VIEWS = ["dead-letters"];

export const STEPS_MAX = 200;
export const CHARACTERS_MAX = 8000;

/**
 * Reads a fragment, with or without its `#`. What cannot be read is left out and named.
 * @param {string} fragment
 * @returns {{ route: Route, faults: string[] }}
 */
export function parse(fragment) {
  const faults = [];
  const [path, query = ""] = splitOnce(fragment.replace(/^#?\/?/, ""), "?");
  const segments = path.split("/").filter((segment) => segment !== "");
  const route = viewOf(segments, faults);
  const fields = query.split("&").filter((field) => field !== "");
  for (const field of fields) {
    const [name, value = ""] = splitOnce(field, "=");
    if (name === "s") {
      const step = parseStep(value);
      if (!step) faults.push(`The step “${value}” is not known and was left out.`);
      else if (route.steps.length === STEPS_MAX) faults.push(`Only the first ${STEPS_MAX} steps were read.`);
      else route.steps.push(step);
    } else {
      const [key, decoded] = [decode(name), decode(value)];
      if (key === null || decoded === null) faults.push(`The parameter “${name}” cannot be read and was left out.`);
      else (route.params[key] ??= []).push(decoded);
    }
  }
  return { route, faults: [...new Set(faults)] };
}

function viewOf(segments, faults) {
  const route = { view: "locations", steps: [], params: Object.create(null) };
  if (segments.length === 0) return route;
  if (GLOBAL_VIEWS.includes(segments[0])) return { ...route, view: segments[0] };
  const [location, view, object] = segments.map(decode);
  if (location === null) {
    faults.push("The address names no location that can be read.");
    return route;
  }
  if (view === undefined) return { ...route, view: "overview", location };
  if (view === "kind" && object) return { ...route, view: "kind", location, object };
  if (LOCATION_VIEWS.includes(view)) return { ...route, view, location };
  faults.push(`There is no view “${view}”.`);
  return { ...route, view: "overview", location };
}

/**
 * Writes a route as a fragment, which `parse` reads back.
 * @param {Partial<Route>} route
 */
export function format({ view, location, object, steps = [], params = {} }) {
  let path = "#/";
  if (GLOBAL_VIEWS.includes(view)) path += view;
  else if (location !== undefined) {
    // A location that is called like a view.
    path += GLOBAL_VIEWS.includes(location) ? hexOf(location[0]) + location.slice(1) : encodeSegment(location);
    if (view === "kind") path += "/kind/" + encodeSegment(object);
    else if (LOCATION_VIEWS.includes(view)) path += "/" + view;
  }
  const fields = steps.map((step) => "s=" + formatStep(step));
  for (const [name, values] of Object.entries(params)) {
    for (const value of values) fields.push(encodeField(name) + "=" + encodeField(value));
  }
  return fields.length ? path + "?" + fields.join("&") : path;
}

/** Returns the first value of a parameter. */
export const param = (route, name) => route.params[name]?.[0];

/** Returns parameters in which some have other values; `undefined` removes one. */
export function withParams(params, changed) {
  const made = { ...params };
  for (const [name, value] of Object.entries(changed)) {
    if (value === undefined) delete made[name];
    else made[name] = [].concat(value);
  }
  return made;
}

const encodeSegment = (text) => encodeField(text).replaceAll("/", "%2F");

const hexOf = (character) => "%" + character.charCodeAt(0).toString(16);

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
