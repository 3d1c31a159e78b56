/** The badge of a node: its change as a sign, news such as "+1", or how many links are not shown. */

/** Characters at most. */
const CHARACTERS_MAX = 6;

/** Half of the height of a badge. */
const DOWN = 7.5;

/** Colour alone would not do. */
const SIGNS = { added: "+", removed: "−", changed: "~", violation: "!" };

/** Returns a number in a few characters. */
function compact(count) {
  if (count < 1000) return String(count);
  return count < 1e6 ? `${Math.floor(count / 1000)}k` : `${Math.floor(count / 1e6)}M`;
}

/**
 * Returns the badge of a mark, with its middle and half of its sides, or nothing.
 * @param {any} mark of a node
 */
export function badgeOf({ kind, x, y, radius, badge, change }) {
  if (kind !== "node") return null;
  const isNumber = typeof badge === "number";
  const news = isNumber ? "" : (badge ?? "");
  const hidden = isNumber && badge > 0 ? `+${compact(badge)}` : "";
  const text = (news || SIGNS[change] || hidden).slice(0, CHARACTERS_MAX);
  if (text === "") return null;
  const across = Math.max(DOWN, 4 + text.length * 3.4);
  const isQuiet = news === "" && !change;
  return { text, x: x + radius * 0.8 + across - 3, y: y - radius * 0.8 - 4, across, down: DOWN, isQuiet };
}

/**
 * Returns the mark of the text in a badge.
 * @param {{ x: number, y: number, text: string, isQuiet: boolean }} badge
 */
export function badgeText({ x, y, text, isQuiet }) {
  const [size, weight, tone] = isQuiet ? [10, 500, "soft"] : [10.5, 700, "ground"];
  return { kind: "text", x, y, text, size, weight, tone, align: "center", isInside: true };
}
