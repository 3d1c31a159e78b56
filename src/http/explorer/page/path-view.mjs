/** How two records are related: the shortest ways between them, as layers and in words. */

import { isStopped } from "./api-client.mjs";
import { button, code, counted, el, fill, named, number, part } from "./dom.mjs";
import { kindName, labelName, nodeOf, splitNode } from "./object-kinds.mjs";
import { ACROSS, DOWN, layered } from "./layered-layout.mjs";
import { noWay, pathModel, WAYS_DRAWN } from "./path-model.mjs";
import { selecting } from "./picture-model.mjs";
import { createPicture } from "./picture.mjs";
import { isNameless, pictureOf, recordLink, shownName } from "./record-link.mjs";
import { param } from "./router.mjs";
import { createSearchBox } from "./search-box.mjs";

const HOPS = 6;
const HOPS_MAX = 8;
const WAYS_MAX = 100;

/** CSS pixels for each record of the tallest layer, also where links are shorter than their labels. */
const [ROW, ROW_NARROW] = [84, 130];

/** CSS pixels beside the layers, and for the whole picture. */
const AROUND = 168;
const [HEIGHT_MIN, HEIGHT_MAX] = [200, 1200];

/** Gives a picture of layers the height in which each link has room for its label, and places them. */
function arrange(stage, model, start, hops) {
  const scale = Math.max(stage.clientWidth - AROUND, ROW) / (hops * ACROSS || 1);
  const row = scale < 0.75 ? ROW_NARROW : ROW;
  const places = layered(model, start, Math.max(DOWN, row / scale));
  const rows = new Map();
  for (const { x } of places.values()) rows.set(x, (rows.get(x) ?? 0) + 1);
  stage.style.height = `${Math.min(Math.max(Math.max(...rows.values()) * row, HEIGHT_MIN), HEIGHT_MAX)}px`;
  return places;
}

/** @param {HTMLElement} region @param {import("./router.mjs").Route} first @param {import("./main.mjs").App} app */
export function mount(region, first, app) {
  let route = first;
  let stopping = new AbortController();
  let picture = null;
  const ends = { from: el("div", { class: "end" }), to: el("div", { class: "end" }) };
  const hops = el("select", { onchange: () => set({ hops: hops.value === String(HOPS) ? undefined : hops.value }) },
    Array.from({ length: HOPS_MAX }, (_, at) => el("option", { value: String(at + 1) }, String(at + 1))));
  const all = el("input", { type: "checkbox", onchange: () => set({ all: all.checked ? "1" : undefined }) });
  const result = el("div", { "aria-live": "polite" });
  region.classList.add("page");
  region.append(el("h1", null, "Paths"), el("p", { class: "soft" }, "How are two records related? The shortest ways along links, in either direction."),
    el("div", { class: "path-ends" }, ends.from, button("Swap", swap, { "aria-label": "Swap both ends" }), ends.to),
    el("div", { class: "row" }, el("label", { class: "check" }, "At most", hops, "links"), el("label", { class: "check" }, all, "All shortest ways, not only one")), result);

  function set(params) {
    app.go({ view: "path", params: { ...route.params, ...params } });
  }
  function swap() {
    set({ from: param(route, "to"), to: param(route, "from") });
  }

  /** Shows the chosen end, or the field that finds one. */
  function showEnd(name, label) {
    const node = param(route, name);
    const place = ends[name];
    if (place.dataset.shown === `${node} ${isNameless(app)} ${app.location.nameOf(node)}`) return;
    place.dataset.shown = `${node} ${isNameless(app)} ${app.location.nameOf(node)}`;
    const box = () => createSearchBox(app, { id: `path-${name}`, label: `${label}: find a record`, onChoose: (found) => set({ [name]: nodeOf(found) }) });
    fill(place, el("h2", null, label), node === undefined ? box() : el("p", { class: "chosen" },
      recordLink(app, { ...splitNode(node), name: app.location.nameOf(node) }),
      button("Change", () => {
        fill(place, el("h2", null, label), box());
        delete place.dataset.shown;
        place.querySelector("input").focus();
      }, { "aria-label": `Change where paths ${name === "from" ? "begin" : "end"}` })));
  }

  async function load() {
    stopping.abort();
    stopping = new AbortController();
    const { signal } = stopping;
    const [from, to] = [param(route, "from"), param(route, "to")];
    const most = Math.min(Math.max(Number(param(route, "hops")) || HOPS, 1), HOPS_MAX);
    hops.value = String(most);
    all.checked = param(route, "all") !== undefined;
    showEnd("from", "From");
    showEnd("to", "To");
    clear();
    if (from === undefined || to === undefined) {
      fill(result, el("p", { class: "soft" }, "Choose both records."));
      const empty = ends[from === undefined ? "from" : "to"];
      if (from !== undefined || to !== undefined) empty.querySelector("input")?.focus();
      return;
    }
    const params = { from, to, maxHops: most, all: all.checked || undefined, limit: all.checked ? WAYS_MAX : undefined };
    try {
      const [answer, kinds] = await Promise.all([app.location.get(["path"], params, { signal, what: "paths" }), app.location.kinds()]);
      if (signal.aborted) return;
      answer.paths.flat().forEach(app.location.remember);
      showEnd("from", "From");
      showEnd("to", "To");
      show(answer, kinds, params);
    } catch (error) {
      if (isStopped(error)) return;
      if (error.status === 404) fill(result, el("p", { class: "amber" }, "One of the two is not there (any more), or not for this token."));
      else if (error.status === 400) fill(result, el("p", { class: "bad", role: "alert" }, error.message));
      else app.fail(error, load);
    }
  }

  function clear() {
    picture?.destroy();
    picture = null;
    fill(result);
  }

  function show(answer, kinds, params) {
    const request = part("Request", code(app.api.curl("GET", app.location.at("path"), { params: { ...params, asOf: app.location.moment() } })));
    if (!answer.found) {
      fill(result, el("p", { class: answer.complete ? null : "amber" }, noWay(answer, params.maxHops)), request);
      return;
    }
    const { paths } = answer;
    const stage = el("div", { class: "stage ways" });
    fill(result,
      el("p", null, all.checked ? `${paths.length === 1 ? "One way" : `${number(paths.length)} ways`} of ${counted(answer.hops, "link")}.`
        : `A shortest way, of ${counted(answer.hops, "link")}; there may be others as short.`,
        paths.length > WAYS_DRAWN ? ` The first ${WAYS_DRAWN} are drawn.` : "", answer.complete ? "" : " There may be more: the limit of one answer was reached."),
      stage, part("In words", el("ol", { class: "ways" }, paths.map((path, at) => way(path, at)))), request);
    const model = pathModel(paths, kinds, { names: !isNameless(app), past: route.params.asOf !== undefined });
    picture = createPicture(stage, {
      label: `${counted(paths.length, "way")} in layers from left to right; the list holds the same`,
      scrolls: true,
      scene: { ways: true },
      onSelect: ([id]) => picture.show(selecting(model, id)),
      onOpen: (id) => isNode(id) && app.go(pictureOf(id)),
      describe: (id) => describe(paths, id, kinds),
    });
    picture.show(model);
    picture.layout.arrange(arrange(stage, model, nodeOf(paths[0][0]), answer.hops));
    picture.redraw();
  }

  const isNode = (id) => !id.startsWith("link:");

  function describe(paths, id, kinds) {
    const step = paths.flat().find((one) => nodeOf(one) === id);
    return step ? [el("b", null, named(shownName(app, step))), el("div", null, kindName(kinds, step.object))] : null;
  }

  /** Writes a way as `relata path` does. */
  function way(path, at) {
    const steps = at === 0 && !all.checked ? [{ kind: "path", from: nodeOf(path[0]), to: nodeOf(path.at(-1)) }]
      : path.map((step) => ({ kind: "add", node: nodeOf(step) }));
    return el("li", null, path.map((step) => [
      step.link ? el("span", { class: "soft" }, " ─", named(labelName(step.link)), "→ ") : "", recordLink(app, step)]), " ",
      button("Put on the picture", () => app.go({ view: "graph", steps: [...pictured(), ...steps] }), { class: "small" }));
  }

  /** Returns the steps of the picture of this location, if there is one. */
  const pictured = () => (app.picture?.location === route.location ? app.picture.steps : []);

  function update(next) {
    route = next;
    load();
  }
  update(first);
  return {
    update,
    unmount() {
      stopping.abort();
      picture?.destroy();
    },
  };
}
