/**
 * How wide texts are, without a browser: good enough to keep them apart, and the same
 * everywhere, so that the picture and its SVG agree.
 */

/**
 * Characters by their width in the usual typefaces, as a share of the size of the text.
 * @type {[RegExp, number][]}
 */
const WIDTHS = [
  [/[ijlI|.,:;'!·]/, 0.29],
  [/[ftr()[\]{}/\\" -]/, 0.36],
  [/[mwMW@%—…]/, 0.88],
  [/[A-Z&#]/, 0.68],
  [/[0-9]/, 0.57],
];

const USUAL = 0.55;

/** Typefaces differ: rather too wide than one text on another. */
const GENEROUS = 1.07;

/** Marks that lie above or below another character, and what is not seen. */
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** What follows it is drawn into what came before, as in pictures of families. */
const JOINER = 0x200d;

const ASCII = Float64Array.from(Array(128).keys(), (code) => {
  const character = String.fromCharCode(code);
  return WIDTHS.find(([pattern]) => pattern.test(character))?.[1] ?? USUAL;
});

/**
 * Returns about how wide a text is.
 * @param {string} text
 * @param {number} size of its letters; the answer is in the same unit
 */
export function textWidth(text, size) {
  let width = 0;
  let isJoined = false;
  for (const character of text) {
    const code = character.codePointAt(0);
    const joins = isJoined;
    isJoined = code === JOINER;
    if (joins) continue;
    if (code < 128) width += ASCII[code];
    else if (NO_WIDTH.test(character)) width += 0;
    else if (code >= 0x1100) width += isNarrow(code) ? 0.62 : 1.05;
    else width += 0.62;
  }
  return width * size * GENEROUS;
}

/** Says whether a character above the first scripts is about as wide as a letter. */
const isNarrow = (code) => code < 0x2e80 || (code >= 0xfb00 && code < 0xfe30);

/** Characters that a line cannot hold: controls, line ends and lone halves of pairs. */
const UNFIT = /[\p{Cc}\u2028\u2029\ufffe\uffff]|\p{Cs}/gu;

/** Longer texts are cut before anything is looked at. */
const LOOKED_AT_MAX = 512;

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * Returns a text as one line of at most a number of characters, cut between characters as
 * people see them.
 * @param {string} text
 * @param {number} characters
 */
export function oneLine(text, characters) {
  const isPlain = text.length <= characters && /^[\x20-\x7e]*$/.test(text);
  if (isPlain) return text;
  const line = text.slice(0, LOOKED_AT_MAX).replace(UNFIT, " ").replace(/\s+/gu, " ").trim();
  if (line.length <= characters) return line;
  const seen = [];
  for (const { segment } of segmenter.segment(line)) {
    if (seen.length === characters) return `${seen.slice(0, -1).join("").trimEnd()}…`;
    // A stack of marks on one letter is a picture of its own.
    seen.push(segment.slice(0, 16));
  }
  return seen.join("");
}
