/** Finds records by the beginning of their name or id. */

import { isStopped, pause } from "./api-client.mjs";
import { counted, el, fill, named } from "./dom.mjs";
import { unhide } from "./history.mjs";
import { kindName, nodeOf, recordName } from "./object-kinds.mjs";
import { pictureOf } from "./record-link.mjs";

const LIMIT = 20;
const REST_MS = 150;

/**
 * Makes the search field with the list below it.
 * @param {import("./main.mjs").App} app
 * @param {object} [options]
 * @param {string} [options.id]
 * @param {string} [options.label]
 * @param {string} [options.object] the only kind of which records are found
 * @param {(found: object, how: { replace: boolean }) => void} [options.onChoose] instead of
 *   showing the record
 */
export function createSearchBox(app, options = {}) {
  const { id = "search", label = "Find a record", onChoose = (found, how) => showRecord(app, found, how) } = options;
  const list = el("div", { id: id + "-list", class: "results", role: "listbox", "aria-label": "Results", hidden: true,
    // So that its scroll bar can be dragged: the list closes when the field loses the focus.
    onmousedown: (event) => event.preventDefault(),
  });
  const field = el("input", {
    id, type: "search", role: "combobox", placeholder: label + (id === "search" && !matchMedia("(pointer: coarse)").matches ? " (press /)" : ""), "aria-label": label,
    "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false", maxlength: 200,
    oninput: ask, onkeydown: onKey, onfocus: () => field.value && ask(),
    onblur: close,
  });
  let asking = null;
  let results = [];
  /** What they were found for. */
  let foundFor = "";
  let current = -1;
  /** How the best of the results is chosen once they are there, if Enter was pressed before. */
  let hurry = null;

  async function ask() {
    asking?.abort();
    hurry = null;
    const text = field.value.trim();
    if (!text || !app.location) return close();
    asking = new AbortController();
    const { signal } = asking;
    try {
      await pause(REST_MS, signal);
      const kinds = await app.location.kinds();
      const [q, object] = narrowed(text, kinds);
      if (!q) return close();
      const answer = await app.location.get(["search"], { q, object: options.object ?? object, limit: LIMIT }, { signal, what: "records" });
      show(text, bestFirst(answer.results, q), answer.next !== null, kinds);
    } catch (error) {
      if (!isStopped(error)) app.fail(error);
    }
  }

  function show(text, found, hasMore, kinds) {
    results = group(found);
    foundFor = text;
    if (hurry && results.length > 0) return choose(results[0], hurry.replace);
    const shown = [];
    let object;
    for (const [at, one] of results.entries()) {
      if (one.object !== object) shown.push(el("div", { class: "head", role: "presentation" }, kindName(kinds, one.object, 2)));
      ({ object } = one);
      shown.push(el("div", {
        id: `${id}-${at}`, role: "option", "aria-selected": "false",
        onmousedown: (event) => choose(one, event.shiftKey),
      }, named(recordName(one)), el("span", { class: "soft" }, app.isShown?.(nodeOf(one)) ? "shown · " : "", counted(one.links, "link"))));
    }
    const nothing = `Nothing begins with “${text}”. Ids and names are searched from their beginning, also of each word.`;
    fill(list, results.length ? shown : el("p", { class: "soft" }, nothing),
      hasMore ? el("p", { class: "soft" }, `The best ${LIMIT} of more: write more of the name.`) : null);
    app.announce(results.length ? counted(results.length, "result") : nothing);
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    mark(results.length ? 0 : -1);
  }

  function mark(at) {
    list.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
    current = at;
    const option = at < 0 ? null : document.getElementById(`${id}-${at}`);
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
  }

  function onKey(event) {
    const last = results.length - 1;
    if (event.key === "ArrowDown" && last >= 0) mark(current === last ? 0 : current + 1);
    else if (event.key === "ArrowUp" && last >= 0) mark(current <= 0 ? last : current - 1);
    else if (event.key === "Enter") enter(event.shiftKey);
    else if (event.key === "Escape") leave();
    else return;
    event.preventDefault();
  }

  /** Chooses the marked result; where it is of another text, the best of those that are awaited. */
  function enter(replace) {
    const text = field.value.trim();
    if (text === foundFor && results[current] && !list.hidden) choose(results[current], replace);
    else if (text !== "" && text !== foundFor) {
      if (asking?.signal.aborted ?? true) ask();
      hurry = { replace };
    }
  }

  function choose(found, replace) {
    close();
    field.value = "";
    app.location.remember(found);
    onChoose(found, { replace });
  }

  /** Closes the list, and puts the focus where the keys of the view are heard. */
  function leave() {
    close();
    const view = document.getElementById("view");
    const within = /** @type {HTMLElement[]} */ ([...view.querySelectorAll(".graph canvas[tabindex], .list .entry")]);
    (within.find((one) => one.offsetParent) ?? view).focus({ preventScroll: true });
  }

  function close() {
    asking?.abort();
    [results, foundFor, hurry] = [[], "", null];
    fill(list);
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    mark(-1);
  }

  return el("div", { class: "search-box" }, field, list);
}

/** Takes `kind:property` out of the text. */
function narrowed(text, kinds) {
  const found = /(?:^|\s)kind:(\S+)/.exec(text);
  if (!found) return [text];
  const wanted = found[1].toLowerCase();
  const object = [...kinds.keys()].find((key) => key === wanted || key === "custom_objects." + wanted || kindName(kinds, key).toLowerCase() === wanted);
  return [text.replace(found[0], " ").trim(), object ?? found[1]];
}

const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * Puts first what is called so, then what begins so, and of those what has the most links: who
 * types a first name means the person rather than what is named after them.
 */
function bestFirst(results, text) {
  const wanted = folded(text);
  const rank = (found) => {
    const name = folded(recordName(found));
    return name === wanted ? 0 : name.startsWith(wanted) ? 1 : 2;
  };
  return results.map((found, at) => ({ found, at, rank: rank(found) }))
    .sort((a, b) => a.rank - b.rank || (a.rank < 2 ? b.found.links - a.found.links : 0) || a.at - b.at)
    .map(({ found }) => found);
}

/** Keeps the order of the best of each kind. */
function group(results) {
  const kinds = [...new Set(results.map((found) => found.object))];
  return kinds.flatMap((object) => results.filter((found) => found.object === object));
}

/** Adds the record to the picture, or begins one with it. */
export function showRecord(app, found, { replace = false } = {}) {
  app.entersPicture = true;
  const node = nodeOf(found);
  const fresh = app.route.view !== "graph" || replace || app.route.steps.length === 0;
  if (fresh) app.go(pictureOf(node));
  else if (app.isShown?.(node)) app.select?.([node], { centre: true });
  else app.go({ view: "graph", steps: [...app.route.steps, ...unhide(app.route.steps, found.object), { kind: "add", node }], params: { ...app.route.params, sel: [node] } });
}
