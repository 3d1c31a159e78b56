/** Starts the page: its parts, the route, the view that shows it. */

import { createApi, isStopped } from "./api-client.mjs";
import { button } from "./dom.mjs";
import { createFrame } from "./frame.mjs";
import { listenToKeys } from "./keyboard.mjs";
import { createLiveChanges } from "./live-changes.mjs";
import { format, param, parse, withParams } from "./router.mjs";
import { createLocationState } from "./state.mjs";
import { createTimeControl } from "./time-control.mjs";
import { askForToken, keptToken } from "./token-dialog.mjs";
import { VIEWS } from "./views.mjs";

/**
 * What views use. One for a page.
 * @typedef {object} App
 * @property {ReturnType<typeof createApi>} api
 * @property {object} session answer of `session`
 * @property {object[]} locations answers of `locations`
 * @property {ReturnType<typeof createLocationState> | null} location the shown one
 * @property {boolean} [moreLocations] whether there are more than those
 * @property {import("./router.mjs").Route} route
 * @property {string} [lastLocation] to which views of all locations lead back
 * @property {import("./router.mjs").Route} [picture] the last picture, to which its tab leads
 * @property {{ location: string, layout: any }} [pictureLayout] of the last picture: at another
 *   moment, everything stays where it is
 * @property {(change: Partial<import("./router.mjs").Route>, how?: { replace?: boolean }) => void} go
 *   shows another route; location, moment and `names` stay unless they are given
 * @property {(change: Partial<import("./router.mjs").Route>) => string} link the same as an address
 * @property {() => void} restart asks for everything again, as with another token
 * @property {(...steps: import("./history.mjs").Step[]) => void} step adds steps to the picture
 * @property {(text: string) => void} announce for screen readers
 * @property {(node: string) => boolean} [isShown] whether the picture, if there is one, has it
 * @property {boolean} [entersPicture] whether the focus goes to the picture once it is drawn
 * @property {(ids: string[], how?: { add?: boolean, centre?: boolean }) => void} [select] in it
 * @property {(content: unknown, kind?: "bad" | "note") => unknown} notice
 * @property {(error: Error, retry?: () => void) => void} fail shows an error
 * @property {ReturnType<typeof createLiveChanges>} live the changes of the shown location
 * @property {() => void} checkVersion of the server, after it was away
 * @property {() => number} depth how many entries of the browser's history are of this page
 * @property {() => boolean} canRedo whether there are later ones
 * @property {Record<string, HTMLElement>} slots places in the header for other parts
 * @property {Record<string, (event: KeyboardEvent) => void>} keys what single keys do in this view
 * @property {Record<string, (event: KeyboardEvent) => void>} keysEverywhere and in all that have a location
 */

/** Parameters that every view keeps. */
const KEPT = ["asOf", "names"];

const base = new URL("..", document.baseURI);
let wasOffline = false;
const frame = createFrame();
const api = createApi(base, {
  onPending: frame.showPending,
  onWaiting(waiting) {
    frame.showWaiting(waiting);
    if (wasOffline && !waiting) checkVersion();
    wasOffline = Boolean(waiting?.offline);
  },
  onUnauthorized: (problem) => askForToken(app, problem),
});

/** @type {App} */
const app = {
  api, session: null, locations: [], location: null, route: null, keys: {}, keysEverywhere: {},
  go, link, step, restart,
  depth: () => depth,
  canRedo: () => depth < latest,
  slots: frame.slots,
  live: null,
  checkVersion: () => checkVersion().catch(fail),
  announce: frame.announce,
  notice: frame.notice,
  fail,
};

const moments = createTimeControl(app);
app.keysEverywhere = { ...moments.keys, n: switchNames };
app.live = createLiveChanges(app);
let shown = null;
let depth = history.state?.depth ?? 0;
/** The depth of the last entry: going back leaves it ahead. */
let latest = depth;
// An entry without a depth is one that was typed: this one is come back to.
history.replaceState({ depth }, "");

function next(change) {
  const kept = Object.fromEntries(KEPT.filter((name) => app.route?.params[name]).map((name) => [name, app.route.params[name]]));
  const params = change.location === undefined || change.location === app.route?.location ? kept : {};
  return { view: "overview", location: app.route?.location, steps: [], ...change, params: withParams(params, change.params ?? {}) };
}

function link(change) {
  return format(next(change));
}

function go(change, { replace = false } = {}) {
  if (replace) history.replaceState({ depth }, "", link(change));
  else history.pushState({ depth: latest = depth += 1 }, "", link(change));
  show();
}

function step(...steps) {
  const before = app.route.view === "graph" ? app.route.steps : [];
  const params = app.route.view === "graph" ? app.route.params : {};
  go({ view: "graph", steps: [...before, ...steps], params });
}

/** Shows names or ids: for a screenshot that must not say who people are. */
function switchNames() {
  go({ ...app.route, params: { ...app.route.params, names: param(app.route, "names") === "off" ? undefined : ["off"] } }, { replace: true });
}

/** Shows the route that the address has. */
async function show() {
  try {
    await ready;
  } catch (error) {
    return fail(error, () => location.reload());
  }
  const { route, faults } = parse(location.hash);
  for (const fault of faults) frame.notice(fault);
  app.route = route;
  if (route.view === "graph" && route.steps.length > 0) app.picture = route;
  app.lastLocation = route.location ?? app.lastLocation ?? app.locations[0]?.locationId;
  const asOf = param(route, "asOf");
  if (route.location === undefined) app.location = null;
  else if (app.location?.location !== route.location || app.location.asOf !== asOf) {
    app.location = createLocationState(api, route.location, asOf);
  }
  frame.showRoute(app);
  moments.show();
  app.live.show();
  mount(route);
}

function mount(route) {
  try {
    if (shown?.view === route.view && shown.location === app.location && shown.mounted.update) {
      shown.mounted.update(route);
      return;
    }
    shown?.mounted.unmount();
    app.keys = {};
    const region = frame.emptyView();
    shown = { view: route.view, location: app.location, mounted: VIEWS[route.view].mount(region, route, app) };
    if (document.activeElement === document.body) frame.view.focus({ preventScroll: true });
  } catch (error) {
    fail(error);
  }
}

/** Shows an error where the person looks; what is on the screen stays. */
function fail(error, retry) {
  if (isStopped(error)) return;
  frame.showError(error, retry);
}

function restart() {
  // What another token may see is asked for anew; nothing of before goes on meanwhile.
  shown?.mounted.unmount();
  frame.emptyView();
  shown = null;
  [app.keys, app.location, app.session] = [{}, null, null];
  app.live.show();
  ready = start();
  show();
}

async function start() {
  app.session = await api.get(["v1", "session"], {}, { what: "the session" });
  await loadLocations();
  if (app.locations.length === 1 && parse(location.hash).route.view === "locations") {
    history.replaceState({ depth: 0 }, "", format({ view: "overview", location: app.locations[0].locationId }));
  }
  frame.showSession(app);
}

/** A server that was away may have come back as another version, with another page. */
async function checkVersion() {
  const { version } = await api.get(["v1", "session"]);
  if (app.session && version !== app.session.version) {
    app.notice([`The server was updated to ${version}. `, button("Load the page again", () => location.reload())]);
  }
}

async function loadLocations() {
  const answer = await api.get(["v1", "locations"], { limit: 1000 }, { what: "the locations" });
  app.locations = answer.locations;
  app.moreLocations = answer.next !== null;
}

window.addEventListener("error", ({ error, message }) => fail(error ?? new Error(message)));
window.addEventListener("unhandledrejection", ({ reason }) => fail(reason));
window.addEventListener("popstate", () => {
  // An address that was typed or a link has none.
  if (history.state?.depth === undefined) history.replaceState({ depth: latest = depth + 1 }, "");
  depth = history.state.depth;
  show();
});
listenToKeys(app);
api.setToken(keptToken());
let ready = start();
show();
