/**
 * Follows the changes of a location: reads the feed, and returns to it with the id of the last
 * event whenever it ends. While the page is hidden for long, and once it is left, the connection
 * is closed: a browser opens few to one server, all its tabs and the pages that it keeps together.
 */

import { createEventParser } from "./sse.mjs";

/** Back-off of attempts in a row. */
const WAIT_MS = 1000;
const WAIT_MAX_MS = 30_000;

/** A connection that lasted so long was a good one: the next attempt waits least. */
const GOOD_MS = 5000;

/** A hidden page keeps its connection for so long. */
const HIDDEN_MS = 10_000;

/** Refusals of the place to resume from: another store, or events that were deleted. */
const LOST_PLACE = [400, 409, 410, 412];

/** Refusals after which it is of no use to return by itself. */
const isFinal = (status) => status >= 400 && status < 500 && status !== 429;

/**
 * Returns how long to wait before an attempt.
 * @param {number} attempt how many have failed in a row, from 1
 * @param {number} random from 0 to 1
 */
export function backOff(attempt, random) {
  const wait = Math.min(WAIT_MS * 2 ** (attempt - 1), WAIT_MAX_MS);
  // Pages that lost the same server do not come back all at once.
  return Math.round(Math.min(wait * (0.8 + 0.4 * random), WAIT_MAX_MS));
}

/**
 * @typedef {"off"|"connecting"|"live"|"waiting"|"hidden"|"ended"} LiveState
 *
 * @typedef {object} Listener
 * @property {(change: any) => void} onChange
 * @property {(state: LiveState, detail: { seconds?: number, text?: string }) => void} onState
 * @property {() => void} onLost changes may have been missed: what is shown is to be asked again
 * @property {() => Promise<boolean>} onUnauthorized asks for a token; resolves to whether to return
 *
 * @typedef {object} Host what of a browser is used
 * @property {(milliseconds: number, action: () => void) => (() => void)} after returns how to stop it
 * @property {() => number} now milliseconds
 * @property {() => number} random
 * @property {() => boolean} isHidden
 */

/** @type {Host} */
const browser = {
  after(milliseconds, action) {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
  now: () => performance.now(),
  random: Math.random,
  isHidden: () => document.hidden,
};

/**
 * @param {(from: { lastEventId: string, signal: AbortSignal }) => Promise<Response>} connect
 * @param {Listener} on
 * @param {Host} [host]
 */
export function createLive(connect, on, host = browser) {
  let lastEventId = "";
  let isResuming = false;
  let attempt = 0;
  let state = /** @type {LiveState} */ ("off");
  let connection = /** @type {AbortController | null} */ (null);
  let stopWaiting = () => {};
  let stopHiding = () => {};

  function say(next, detail = {}) {
    state = next;
    on.onState(next, detail);
  }

  /** Ends what goes on, without a word. */
  function halt() {
    stopWaiting();
    stopHiding();
    connection?.abort();
    connection = null;
  }

  function end(text) {
    halt();
    say("ended", { text });
  }

  function hide() {
    halt();
    say("hidden");
  }

  async function run() {
    halt();
    const mine = connection = new AbortController();
    const began = host.now();
    say("connecting");
    try {
      const response = await connect({ lastEventId, signal: mine.signal });
      if (mine.signal.aborted) return;
      isResuming = true;
      say("live");
      const last = await read(response, mine.signal);
      if (mine.signal.aborted) return;
      if (host.now() - began >= GOOD_MS) attempt = 0;
      await ended(last, mine);
    } catch (error) {
      if (!mine.signal.aborted) await refused(error, mine, began);
    }
  }

  /** Reads until the server ends the stream; returns what its last event says. */
  async function read(response, signal) {
    let last = null;
    const parser = createEventParser(({ type, data }) => {
      if (signal.aborted) return;
      if (type === "end") last = JSON.parse(data);
      else {
        attempt = 0;
        on.onChange(JSON.parse(data));
      }
    }, lastEventId);
    const reader = response.body.getReader();
    while (last === null && !signal.aborted) {
      const { done, value } = await reader.read();
      if (done) break;
      parser.push(value);
      if (!signal.aborted) lastEventId = parser.lastEventId;
    }
    reader.cancel().catch(() => {});
    return last;
  }

  async function ended(last, mine) {
    const { code, detail = "" } = last ?? {};
    if (code === "unauthorized") return unauthorized(mine);
    if (code === "erased") return end(detail || "This location was erased.");
    if (code === "pruned") lose();
    again({ text: code === "unavailable" ? detail || "The server cannot send changes now." : undefined });
  }

  async function refused(error, mine, began) {
    const { status = 0, message, retryAfter } = error;
    if (status === 401) return unauthorized(mine);
    if (LOST_PLACE.includes(status) && isResuming) {
      lose();
      return again({});
    }
    if (isFinal(status)) return end(message);
    if (host.now() - began >= GOOD_MS) attempt = 0;
    again({ least: (retryAfter ?? 0) * 1000 });
  }

  async function unauthorized(mine) {
    say("waiting", { text: "A token is needed." });
    const may = await on.onUnauthorized();
    if (mine.signal.aborted) return;
    if (may) run();
    else end("A token is needed.");
  }

  /** Begins anew: where it was cannot be returned to. */
  function lose() {
    lastEventId = "";
    isResuming = false;
    on.onLost();
  }

  /**
   * Returns after a while.
   * @param {{ text?: string, least?: number }} why and at least how long to wait, milliseconds
   */
  function again({ text, least = 0 }) {
    halt();
    attempt += 1;
    const wait = Math.max(backOff(attempt, host.random()), least);
    say("waiting", { seconds: Math.round(wait / 1000), text });
    stopWaiting = host.after(wait, run);
  }

  return {
    state: () => state,
    /**
     * Begins to follow.
     * @param {string} [from] id of the event after which to begin; the present, if it is empty
     */
    start(from = "") {
      [lastEventId, isResuming, attempt] = [from, from !== "", 0];
      if (host.isHidden()) say("hidden");
      else run();
    },
    stop() {
      halt();
      if (state !== "off") say("off");
    },
    /** Says that the page was hidden, or is seen again. */
    visibilityChanged() {
      stopHiding();
      if (state === "off" || state === "ended") return;
      if (!host.isHidden()) {
        if (state === "hidden" || state === "waiting") {
          attempt = 0;
          run();
        }
      } else if (state !== "hidden") {
        stopHiding = host.after(HIDDEN_MS, hide);
      }
    },
    /**
     * Says that the page is left. A browser may keep it, connection and all, but lets none of its
     * timers run; when it comes back, it is seen again.
     */
    pageLeft() {
      if (state !== "off" && state !== "ended") hide();
    },
  };
}
