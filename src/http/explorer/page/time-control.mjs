/**
 * Which moment is shown: a button in the header, a strip to choose another one, and a banner
 * that says all the time that what is shown is the past.
 */

import { isStopped } from "./api-client.mjs";
import { button, day, el, fill, named, number, time } from "./dom.mjs";
import { param } from "./router.mjs";
import { asOfText, DAY_MS, fieldText, HOUR_MS, momentAt, parseAsOf, placeOf, PLACES, shifted } from "./time-range.mjs";

/** Each moment costs the server a replay: it is asked for after so much rest. */
const REST_MS = 400;

const JUMPS = [["1 hour back", -HOUR_MS], ["1 day back", -DAY_MS], ["1 week back", -7 * DAY_MS]];

/** Views that have moments of their own, or none. */
const WITHOUT = ["diff", "dead-letters", "locations"];

/** @param {import("./main.mjs").App} app */
export function createTimeControl(app) {
  /** The first event of each location, by its id. @type {Map<string, Promise<{ first: number, pruned: boolean }>>} */
  const firsts = new Map();
  let location = null;
  let range = { first: 0, now: 0 };
  let moment;
  let resting;
  const open = button("Now", () => setOpen(strip.hidden), { "aria-expanded": "false", "aria-controls": "time-strip", title: "Choose a moment ([ and ]: one event back, forward)" });
  const slider = el("input", { type: "range", min: 0, max: PLACES, step: 1, "aria-label": "Moment", oninput: slide });
  const told = el("output");
  const field = el("input", { type: "datetime-local", "aria-label": "Date and time", onchange: () => field.value && choose(Date.parse(field.value)) });
  const jumps = JUMPS.map(([text, by]) => button(text, () => choose(shifted(range, moment, Number(by)))));
  const note = el("p", { class: "soft", hidden: true });
  const strip = el("section", { id: "time-strip", "aria-label": "Time", hidden: true },
    el("div", { class: "row" }, slider, told), el("div", { class: "row" }, field, jumps, button("Now", () => choose(undefined)), button("Close", () => setOpen(false))), note);
  const banner = el("div", { id: "as-of", role: "status", hidden: true });
  document.getElementById("views").after(strip, banner);
  app.slots.time.append(open);

  function setOpen(isOpen) {
    strip.hidden = !isOpen;
    open.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) slider.focus();
    else open.focus();
  }

  /** Says where the slider is; the moment is asked for once it rests. */
  function slide() {
    const then = momentAt(range, Number(slider.value));
    tell(then);
    clearTimeout(resting);
    resting = setTimeout(() => choose(then), REST_MS);
  }

  function tell(then) {
    fill(told, then === undefined ? "Now" : time(asOfText(then)));
    slider.setAttribute("aria-valuetext", told.textContent);
  }

  function choose(then) {
    clearTimeout(resting);
    go(then === undefined || then >= Date.now() ? undefined : asOfText(then));
  }

  function go(asOf) {
    if (asOf === param(app.route, "asOf")) return;
    app.go({ ...app.route, params: { ...app.route.params, asOf } });
  }

  /** Asks for the first event that is kept. */
  async function findFirst(state) {
    const after = (seq) => app.api.get(state.at("events"), { after: seq, limit: 1 }, { what: "the first event" });
    const known = await after(0).then((answer) => ({ answer, pruned: false }), async (error) => {
      const upto = error.code === "pruned" && /up to (\d+)/.exec(error.message)?.[1];
      if (!upto) throw error;
      return { answer: await after(upto), pruned: true };
    });
    const [event] = known.answer.events;
    return { first: event ? Date.parse(event.receivedAt) : Date.now(), pruned: known.pruned || Boolean(event && app.session.retention && event.seq > 1) };
  }

  /** Asks once for each location; a failure is not kept. */
  function firstOf(state) {
    if (!firsts.has(state.location)) {
      const asked = findFirst(state);
      firsts.set(state.location, asked);
      asked.catch(() => firsts.delete(state.location));
    }
    return firsts.get(state.location);
  }

  /** Returns when an event came, if it is of this location and kept. */
  async function timeOf(state, seq) {
    if (seq === 0) return undefined;
    const { events } = await app.api.get(state.at("events"), { after: seq - 1, limit: 1 }, { what: "the time of an event" });
    return events[0]?.seq === seq ? Date.parse(events[0].receivedAt) : undefined;
  }

  /** Shows the moment of the route. */
  async function show() {
    const state = app.location;
    const isShown = state !== null && !WITHOUT.includes(app.route.view);
    app.slots.time.hidden = !isShown;
    if (!isShown) strip.hidden = true;
    const asOf = isShown ? param(app.route, "asOf") : undefined;
    document.documentElement.toggleAttribute("data-past", asOf !== undefined);
    banner.hidden = asOf === undefined;
    if (!isShown || state === location) return;
    location = state;
    clearTimeout(resting);
    const { seq, moment: then } = parseAsOf(asOf);
    moment = then;
    say(seq);
    try {
      const [summary, { first, pruned }, at] = await Promise.all([asOf === undefined ? null : state.summary(), strip.hidden && asOf === undefined ? { first: 0, pruned: false } : firstOf(state), seq === undefined ? then : timeOf(state, seq)]);
      if (state !== location) return;
      moment = at;
      setRange(first, pruned);
      say(summary?.seq ?? seq);
    } catch (error) {
      // The view says what is wrong with a moment.
      if (!isStopped(error) && !(error.status >= 400 && error.status < 500)) app.fail(error, show);
    }
  }

  function setRange(first, pruned) {
    range = { first, now: Date.now() };
    slider.value = String(placeOf(range, moment));
    field.max = fieldText(range.now);
    if (first > 0) field.min = fieldText(first);
    field.value = moment === undefined ? "" : fieldText(moment);
    note.hidden = !pruned;
    if (pruned) fill(note, "The first event that is kept came ", time(asOfText(first)), " (--keep-events); earlier moments cannot be shown.");
    tell(moment);
  }

  function say(seq) {
    const asOf = param(app.route, "asOf");
    const when = moment === undefined ? null : time(asOfText(moment));
    const event = seq === undefined ? null : `event ${number(seq)}`;
    // What is neither is for the server to refuse.
    const what = when ?? event ?? named(asOf ?? "");
    fill(open, asOf === undefined ? "Now" : when ? day(asOfText(moment)) : what);
    if (asOf === undefined) return;
    fill(banner, el("span", null, "As of ", what, when && event ? ` (${event})` : "", ". Nothing here is live."),
      button("Back to now", () => go(undefined)),
      button("Compare with now", () => app.go({ view: "diff", params: { from: asOf, asOf: undefined } })));
  }

  /** Goes to the event before or after the one that is shown. */
  async function stepEvent(by) {
    const state = app.location;
    const seq = (await state.summary()).seq;
    if (by < 0) return go(String(Math.max(seq - 1, 0)));
    if (param(app.route, "asOf") === undefined) return;
    const { events } = await app.api.get(state.at("events"), { after: seq, limit: 1 }, { what: "the next event" });
    if (state === app.location) go(events[0] ? String(events[0].seq) : undefined);
  }

  const stepDay = (by) => {
    if (by < 0 || moment !== undefined) choose(shifted({ first: range.first, now: Date.now() }, moment, by * DAY_MS));
  };

  open.addEventListener("click", async () => {
    if (strip.hidden || !location) return;
    try {
      const { first, pruned } = await firstOf(location);
      setRange(first, pruned);
    } catch (error) {
      app.fail(error);
    }
  });

  return {
    show,
    /** What keys do. @type {Record<string, () => unknown>} */
    keys: { "[": () => stepEvent(-1), "]": () => stepEvent(1), "{": () => stepDay(-1), "}": () => stepDay(1) },
  };
}
