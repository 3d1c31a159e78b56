/** Moments between the first event and now: as places of a slider, as fields, in steps. */

/** Places of the slider after the first; the last of them is now. */
export const PLACES = 200;

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** @typedef {{ first: number, now: number }} TimeRange milliseconds since 1970 */

/**
 * Returns the moment at a place of the slider; now has none.
 * @param {TimeRange} range
 * @param {number} place
 * @returns {number | undefined}
 */
export function momentAt({ first, now }, place) {
  if (place >= PLACES) return undefined;
  return first + ((now - first) * Math.max(place, 0)) / PLACES;
}

/**
 * Returns the place of a moment, which may lie outside the range.
 * @param {TimeRange} range
 * @param {number | undefined} moment
 */
export function placeOf({ first, now }, moment) {
  if (moment === undefined || now <= first) return PLACES;
  const share = (Math.min(Math.max(moment, first), now) - first) / (now - first);
  return Math.round(share * PLACES);
}

/**
 * Returns the moment that is so much later, or earlier if negative: not before the first event,
 * and none once it is now.
 * @param {TimeRange} range
 * @param {number | undefined} moment
 * @param {number} milliseconds
 */
export function shifted({ first, now }, moment = now, milliseconds) {
  const then = moment + milliseconds;
  return then >= now ? undefined : Math.max(then, first);
}

/** Writes a moment as the API takes it, to the second: nobody asks for less. */
export function asOfText(moment) {
  return moment === undefined ? undefined : new Date(Math.floor(moment / 1000) * 1000).toISOString().replace(".000Z", "Z");
}

/** Reads an `asOf`: the number of an event, or a time. */
export function parseAsOf(text) {
  if (text === undefined) return {};
  if (/^\d+$/.test(text)) return { seq: Number(text) };
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? {} : { moment };
}

/** Writes a moment for a field of date and time, which knows local time alone. */
export function fieldText(moment) {
  const at = new Date(moment);
  const two = (value) => String(value).padStart(2, "0");
  return `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
