/** How large things are, for the layout and for the picture. */

/** Radius of a node at each step of size, in the units of the layout; step 2 is usual. */
const RADII = [5, 7, 10, 14, 19, 25];

/** The usual step. */
const USUAL = 2;

/** Half of the height of a group. */
export const GROUP_DOWN = 13;

/**
 * Returns the radius of a node.
 * @param {{ size?: number }} node
 */
export function nodeRadius(node) {
  const step = Math.round(node.size ?? USUAL);
  return RADII[Math.min(Math.max(step, 0), RADII.length - 1)] ?? RADII[USUAL];
}

/**
 * Returns the step of size for a count beside the largest one: its square root in five steps.
 * @param {number} count
 * @param {number} largest
 */
export function sizeStep(count, largest) {
  if (!(count > 0) || !(largest > 0)) return 1;
  return 1 + Math.round(4 * Math.sqrt(Math.min(count / largest, 1)));
}

/**
 * Returns the text of a count, with its thousands apart.
 * @param {number} count
 */
export const countText = (count) => count.toLocaleString("en");

/**
 * Returns half of the width of a group, which grows with the digits of its count.
 * @param {{ count: number }} group
 */
export function groupAcross(group) {
  return 19 + countText(group.count).length * 3.9;
}
