/** Elements, numbers and times. Whatever comes from the server becomes text, never markup. */

/**
 * Makes an element. Attributes that begin with `on` are listeners; `null`, `undefined` and
 * `false` are left out.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, any> | null} [attributes]
 * @param {...unknown} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function el(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...nodes(children));
  return made;
}

const nodes = (children) => children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== "" && child !== false);

/** Puts these children in place of those of an element. */
export const fill = (element, ...children) => element.replaceChildren(...nodes(children));

/** Makes a button; `attributes` as in {@link el}. */
export const button = (text, onclick, attributes) => el("button", { type: "button", onclick, ...attributes }, text);

/**
 * Makes the name of a record, or of one like it, that is chosen by a click or the space bar; with
 * the Shift key as one more. Not every browser says of a click by key that Shift is held.
 */
export const entry = (name, choose, attributes) => button(named(name), ({ shiftKey }) => choose(shiftKey), {
  class: "bare entry",
  onkeydown(event) {
    if (event.key !== " " || !event.shiftKey) return;
    event.preventDefault();
    choose(true);
  },
  ...attributes,
});

/** Makes a text of others, whose writing direction cannot spread. */
export const named = (text) => el("bdi", null, text);

const numbers = new Intl.NumberFormat("en");
const instants = new Intl.DateTimeFormat("en", {
  weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});

/** Writes a number with separators. */
export const number = (value) => numbers.format(value);

/** Writes a number with the noun that it counts. */
export const counted = (value, one, many = one + "s") => `${number(value)} ${value === 1 ? one : many}`;

const days = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });

/** Makes a local time, with UTC in its title. */
export const time = (text) => written(text, instants);

/** Makes a local day, with the time in UTC in its title. */
export const day = (text) => written(text, days);

function written(text, format) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text ?? "";
  return el("time", { datetime: text, title: text }, format.format(at));
}

/** Makes a button that copies a text. */
export function copyButton(text, label = "Copy") {
  const made = button(label, async () => {
    try {
      await navigator.clipboard.writeText(text());
      made.textContent = "Copied";
    } catch {
      made.textContent = "Not allowed here";
    }
    setTimeout(() => { made.textContent = label; }, 1500);
  });
  return made;
}

/** Makes a command or a body, with a button that copies it. */
export const code = (text) => el("div", { class: "code" }, el("pre", { tabindex: "0" }, text), copyButton(() => text));

/**
 * Makes the head of a table from the text and the class of each column. On a narrow page, columns
 * of the class `minor` are left out.
 * @param {readonly any[]} columns
 */
export const tableHead = (columns) => el("thead", null, el("tr", null,
  columns.map(([text, className]) => el("th", { scope: "col", class: className }, text))));

/** Makes a labelled part of a page. */
export const part = (title, ...children) => el("section", { class: "part" }, el("h2", null, title), ...children);
