/**
 * The changes of the shown location for all of the page: one reader, the last changes, who wants
 * to know of them, and a sign in the header.
 */

import { createChangeLog } from "./change-log.mjs";
import { el, fill } from "./dom.mjs";
import { createLive } from "./live.mjs";

/** How many events back the list of changes begins, and with a filter, which leaves out most. */
const BACK = 500;
const BACK_FILTERED = 5000;

/** News are told together, so that a flood asks for counts twice a second at most. */
const TOGETHER_MS = 500;

/** A flood is not counted one by one. */
const NEWS_MAX = 2000;

/** Parameters of the view of changes that the feed knows. */
const FILTERS = ["label", "object", "of"];

const SIGNS = { connecting: "Connecting", live: "Live", waiting: "Reconnecting", hidden: "Paused", ended: "Not live" };

const TITLES = { live: "Changes are shown as they come", hidden: "Changes are read again when the page is seen" };

/**
 * @typedef {(told: { news: any[], isLost: boolean }) => void} OnChanges `news` is empty where
 *   earlier changes came in; where changes may have been missed, everything is to be asked again
 */

/** @param {import("./main.mjs").App} app */
export function createLiveChanges(app) {
  const log = createChangeLog(() => performance.now());
  /** @type {Set<OnChanges>} */
  const listeners = new Set();
  const sign = el("a", { class: "live" }, el("span", { class: "dot", "aria-hidden": "true" }), el("span"));
  let followed = { key: "", location: "", params: {} };
  let head = 0;
  let news = [];
  let timer;
  let wasAway = false;
  app.slots.live.append(sign);
  sign.hidden = true;

  const live = createLive(
    ({ lastEventId, signal }) => app.api.open(["v1", "locations", followed.location, "changes"], {
      params: followed.params, headers: lastEventId ? { "last-event-id": lastEventId } : {}, signal,
    }),
    {
      onChange(change) {
        const isNews = change.seq > head;
        head = Math.max(head, change.seq);
        log.add(change, isNews);
        if (isNews && news.length < NEWS_MAX) news.push(change);
        timer ??= setTimeout(tell, TOGETHER_MS);
      },
      onState(state, { seconds, text }) {
        sign.hidden = state === "off";
        sign.dataset.live = state;
        sign.title = text ?? (state === "waiting" ? `Trying again in ${seconds} s` : TITLES[state] ?? "");
        fill(sign.lastElementChild, SIGNS[state] ?? "");
        if (state === "live" && wasAway) app.checkVersion();
        if (state === "live" || state === "off") wasAway = false;
        else if (state === "waiting") wasAway = true;
      },
      onLost() {
        log.clear();
        news = [];
        tell(true);
      },
      onUnauthorized: () => app.api.askForToken({ message: "The token is not good any more." }),
    });

  function tell(isLost = false) {
    clearTimeout(timer);
    timer = undefined;
    const told = { news, isLost };
    news = [];
    if (isLost || told.news.length > 0) app.location?.forget();
    for (const listener of listeners) listener(told);
  }

  /** Follows the location of the route, unless it shows the past. */
  async function show() {
    const { route, location: state } = app;
    const isOn = state !== null && state.asOf === undefined;
    const given = route.view === "changes" ? FILTERS.filter((name) => route.params[name]) : [];
    const params = Object.fromEntries(given.map((name) => [name, route.params[name]]));
    const key = isOn ? JSON.stringify([route.location, params]) : "";
    sign.href = app.link({ view: "changes" });
    // A feed that has ended may be open to another token, or be there again.
    if (key === followed.key && live.state() !== "ended") return;
    // With a filter, changes passed by unseen.
    if (isOn && followed.location === route.location) state.forget();
    followed = { key, location: route.location, params };
    live.stop();
    log.clear();
    news = [];
    if (!isOn) return;
    try {
      const { seq } = await state.summary();
      if (followed.key !== key) return;
      head = seq;
      live.start(String(Math.max(0, seq - (given.length ? BACK_FILTERED : BACK))));
    } catch {
      // The view says why; its next route tries again.
      if (followed.key === key) followed.key = "";
    }
  }

  document.addEventListener("visibilitychange", () => live.visibilityChanged());
  window.addEventListener("pagehide", () => live.pageLeft());
  window.addEventListener("pageshow", () => live.visibilityChanged());

  return {
    show, log,
    /**
     * @param {OnChanges} listener
     * @returns {() => void} ends it
     */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
