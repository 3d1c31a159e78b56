/** The changes of a location as they come. */

import { KEPT } from "./change-log.mjs";
import { createChangeTable } from "./change-table.mjs";
import { button, code, counted, el, fill, number, part } from "./dom.mjs";
import { kindName, nodeOf, splitNode } from "./object-kinds.mjs";
import { recordLink } from "./record-link.mjs";
import { param } from "./router.mjs";
import { createSearchBox } from "./search-box.mjs";

/** So long after a flood, the page says that it is over. */
const FLOOD_MS = 2000;

/** @param {HTMLElement} region @param {import("./router.mjs").Route} first @param {import("./main.mjs").App} app */
export function mount(region, first, app) {
  let route = first;
  let kinds = new Map();
  let isPaused = false;
  let flooding;
  const state = el("p", { role: "status" });
  const filters = el("div", { class: "row filters" });
  const request = el("div");
  const table = createChangeTable(app, KEPT);
  const pause = button("Pause", toggle, { title: "Space", "aria-pressed": "false" });
  region.classList.add("page");
  if (first.params.asOf) {
    region.append(el("h1", null, "Changes"), el("p", null, "Changes come now, and what is shown is the past."),
      button("Back to now", () => app.go({ view: "changes", params: { ...route.params, asOf: undefined } }), { class: "main" }));
    return { unmount() {} };
  }
  region.append(el("h1", null, "Changes"), filters, el("div", { class: "row" }, pause), state, table.element, request);
  app.keys[" "] = (event) => {
    if (event.target instanceof HTMLButtonElement) return;
    event.preventDefault();
    toggle();
  };

  function toggle() {
    isPaused = !isPaused;
    pause.textContent = isPaused ? "Go on" : "Pause";
    pause.setAttribute("aria-pressed", String(isPaused));
    show();
  }

  function set(params) {
    app.go({ view: "changes", params: { ...route.params, ...params } });
  }

  async function showFilters() {
    const [known, associations] = await Promise.all([app.location.kinds(), app.location.associations()]);
    kinds = known;
    const labels = new Set([...associations.values()].flatMap((one) => [one.firstObjectLabel, one.secondObjectLabel]).filter(Boolean));
    const [object, label, of] = ["object", "label", "of"].map((name) => param(route, name));
    if (label !== undefined) labels.add(label);
    const choice = (name, text, current, entries) => el("label", { class: "field" }, el("span", null, text),
      el("select", { onchange: ({ target }) => set({ [name]: target.value || undefined }) },
        el("option", { value: "" }, "All"), entries.map(([value, shown]) => el("option", { value, selected: value === current }, shown))));
    fill(filters, choice("object", "Kind", object, [...kinds.keys()].map((key) => [key, kindName(kinds, key, 2)])),
      choice("label", "Label", label, [...labels].sort().map((one) => [one, one])),
      of === undefined ? createSearchBox(app, { id: "changes-of", label: "Only of one record", onChoose: (found) => set({ of: nodeOf(found) }) })
        : el("p", { class: "chosen" }, "Of ", recordLink(app, { ...splitNode(of), name: app.location.nameOf(of) }), button("×", () => set({ of: undefined }), { class: "bare", "aria-label": "Changes of all records" })));
    fill(request, part("Request", code(app.api.curl("GET", app.location.at("changes"), { params: { object, label, of } }).replace("curl -s", "curl -sN"))));
  }

  function show() {
    const { rate, left } = app.live.log.flood();
    clearTimeout(flooding);
    if (rate > 0) flooding = setTimeout(show, FLOOD_MS);
    const changes = app.live.log.changes();
    if (!isPaused) table.show(changes, kinds);
    const waiting = isPaused ? "Paused. What comes meanwhile is listed when you go on. " : "";
    const flood = rate > 0 ? `${counted(rate, "change")} a second: only some are listed. ` : left > 0 ? `${counted(left, "change")} came too fast to be listed. ` : "";
    fill(state, el("span", { class: flood ? "amber" : "soft" }, waiting, flood, table.count() === 0 ? "No change was seen yet. What comes now is listed here." : `The last ${number(table.count())}, newest first; at most ${number(KEPT)} are kept.`));
  }

  async function begin() {
    table.clear();
    try {
      await showFilters();
      show();
    } catch (error) {
      app.fail(error, begin);
    }
  }

  const unsubscribe = app.live.subscribe(({ isLost }) => {
    if (isLost) table.clear();
    show();
  });
  begin();
  return {
    update(next) {
      route = next;
      begin();
    },
    unmount() {
      clearTimeout(flooding);
      unsubscribe();
    },
  };
}
