/**
 * The colours of the picture: a light and a dark theme, each for now and for the past, and one
 * for paper. All are the page's own, so that picture, list and panel look alike.
 */

/**
 * @typedef {object} Theme
 * @property {string} name
 * @property {string} ground behind everything
 * @property {string} card behind the text of groups and badges
 * @property {string} text
 * @property {string} soft secondary text
 * @property {string} link
 * @property {string} accent selection
 * @property {readonly string[]} kinds
 * @property {{ body: number, text: number }} faded how much is left of what is faded: it stays
 *   readable, and no more
 * @property {{ added: string, removed: string, changed: string, violation: string }} marks
 */

/** The typeface of everything in the picture. */
export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif';

/** @type {Theme} */
const light = {
  name: "light",
  ground: "#fbfbfa",
  card: "#ffffff",
  text: "#1d2125",
  soft: "#5c646c",
  link: "#98a1a9",
  accent: "#0b6b5d",
  kinds: ["#3b6fc4", "#16877a", "#b9710f", "#7e57b8", "#c04a72", "#5b8526", "#2584a5", "#8a6450"],
  faded: { body: 0.25, text: 0.66 },
  marks: { added: "#1f7a34", removed: "#c0362c", changed: "#9a5b00", violation: "#c0362c" },
};

/** @type {Theme} */
const dark = {
  name: "dark",
  ground: "#14171a",
  card: "#1f2429",
  text: "#e4e7ea",
  soft: "#9aa4ae",
  link: "#626d78",
  accent: "#5cc9b5",
  kinds: ["#7ba6f0", "#4dbdab", "#e2a54c", "#b596e8", "#ec86a8", "#98c465", "#62b9dc", "#c8a18b"],
  faded: { body: 0.34, text: 0.62 },
  marks: { added: "#6fcf86", removed: "#f2837a", changed: "#e5b04f", violation: "#f2837a" },
};

/** The themes by name. The past lies on tinted paper, all the time. */
export const THEMES = {
  light,
  dark,
  lightPast: { ...light, name: "lightPast", ground: "#f5efe2", card: "#fdfaf3", link: "#a0977f" },
  darkPast: { ...dark, name: "darkPast", ground: "#1f1a12", card: "#2b251b", link: "#7a715f" },
  paper: { ...light, name: "paper", ground: "#ffffff", text: "#000000", soft: "#333333" },
};

/**
 * Returns the theme of a picture.
 * @param {"light"|"dark"} scheme
 * @param {boolean} [past] whether it shows a moment of the past
 * @returns {Theme}
 */
export function themeOf(scheme, past = false) {
  if (scheme === "dark") return past ? THEMES.darkPast : THEMES.dark;
  return past ? THEMES.lightPast : THEMES.light;
}
