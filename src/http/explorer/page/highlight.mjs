/**
 * What the upper canvas shows while the pointer is over something: that and its links once
 * more, so that the picture below need not be painted again.
 */

/**
 * Returns the marks of what is highlighted, out of those of the scene.
 * @param {readonly any[]} marks
 * @param {string | null} id of a node, group or link
 * @returns {any[]}
 */
export function highlight(marks, id) {
  const isEnd = marks.some((mark) => mark.id === id && mark.kind !== "link" && mark.kind !== "text");
  const links = marks.filter((mark) => mark.kind === "link" && isTouched(mark, id, isEnd));
  if (!isEnd && links.length === 0) return [];
  const near = new Set([id, ...links.flatMap((link) => [link.from, link.to])]);
  const shown = [];
  for (const mark of marks) {
    if (mark.kind === "link") continue;
    // Texts of the links below stay readable on top of what is painted over them.
    const isLinkText = mark.of === "link" && links.some((link) => link.id === mark.id);
    if (!near.has(mark.id) && !isLinkText) continue;
    shown.push(mark.id === id && isEnd && mark.kind !== "text" ? { ...mark, hovered: true } : mark);
  }
  return [...links.map((link) => ({ ...link, selected: true, faded: false })), ...shown];
}

/** Says whether a link is, or hangs on, what is highlighted. */
function isTouched(mark, id, isEnd) {
  if (mark.id === id) return true;
  return isEnd && (mark.from === id || mark.to === id);
}
