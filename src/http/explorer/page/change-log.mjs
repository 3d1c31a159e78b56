/** The last changes, newest first. Of a flood only some are kept: nobody could read all. */

/** How many are kept. */
export const KEPT = 500;

/** More than so many a second are a flood. */
export const RATE_MAX = 50;

const SECOND_MS = 1000;

/** @param {() => number} clock milliseconds */
export function createChangeLog(clock) {
  let kept = [];
  let last = 0;
  let began = -Infinity;
  let count = 0;
  /** Changes in the last full second, if it was a flood. */
  let rate = 0;
  let left = 0;

  /** Begins another second where the last is over. */
  function turn() {
    const now = clock();
    if (now - began < SECOND_MS) return;
    rate = now - began < 2 * SECOND_MS && count > RATE_MAX ? count : 0;
    [began, count] = [now, 0];
  }

  return {
    /**
     * Takes a change.
     * @param {any} change
     * @param {boolean} isNews whether it came just now; earlier ones are no flood
     * @returns {boolean} whether it is kept
     */
    add(change, isNews) {
      if (change.seq <= last) return false;
      last = change.seq;
      if (isNews) {
        turn();
        count += 1;
        if (count > RATE_MAX) {
          left += 1;
          return false;
        }
      }
      kept = [change, ...kept.slice(0, KEPT - 1)];
      return true;
    },
    /** The changes that are kept, newest first. */
    changes: () => kept,
    /** How many a second there are, if too many, and how many were left out so far. */
    flood() {
      turn();
      return { rate: Math.max(rate, count > RATE_MAX ? count : 0), left };
    },
    clear() {
      [kept, last, count, rate, left] = [[], 0, 0, 0, 0];
    },
  };
}
