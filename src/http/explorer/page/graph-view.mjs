/** The picture of some records, the list that holds the same, and the panel of the selection. */

import { isStopped } from "./api-client.mjs";
import { choose } from "./dialog.mjs";
import { button, el, fill, number } from "./dom.mjs";
import { formatStep, groupId, LIMIT_MAX } from "./history.mjs";
import { createList } from "./list-view.mjs";
import { openMenu } from "./menu.mjs";
import { labelName, splitNode } from "./object-kinds.mjs";
import { pictureModel, shownInWords } from "./picture-model.mjs";
import { createPicture } from "./picture.mjs";
import { createRecordPanel } from "./record-panel.mjs";
import { CHARACTERS_MAX, STEPS_MAX } from "./router.mjs";
import { SMALL_GROUP, STEP_MAX } from "./state.mjs";

/** From here on the picture says that it is large, asks before it grows, grows no more. */
const LARGE = 300;
const ASK = 500;
const MOST = 2000;

const NOTHING = { nodes: [], links: [], groups: [], opened: new Map(), hidden: { objects: new Set(), labels: new Set() } };

/** Under this width the list comes first. */
const NARROW = "(max-width: 60rem)";

/**
 * What can be done with what is shown, for the panel and the list.
 * @typedef {object} Actions
 * @property {(ids: string[], how?: { add?: boolean, centre?: boolean }) => void} select
 * @property {(node: string) => void} openNode opens its small groups
 * @property {(group: object, count?: number) => void} openGroup
 * @property {(node: string) => void} showNode selects it, after adding it where it is missing
 * @property {(node: string) => boolean} isOpened whether groups of the node are drawn
 * @property {(node: string, group: object) => void} collapse
 * @property {(ids: string[]) => void} remove
 * @property {(ids: string[]) => void} keep removes all others
 * @property {(id: string, at: HTMLElement | { x: number, y: number }) => void} menu
 */

/** @param {HTMLElement} region @param {object} first @param {import("./main.mjs").App} app */
export function mount(region, first, app) {
  let route = first;
  let shown = NOTHING;
  let kinds = new Map();
  let records = 0;
  let drawn = null;
  let stopping = new AbortController();

  /** @type {Actions} */
  const actions = {
    select(ids, { add = false, centre = false } = {}) {
      const before = add ? selection() : new Set();
      for (const id of ids) before.has(id) ? before.delete(id) : before.add(id);
      set({ sel: before.size ? [...before] : undefined });
      if (centre) picture.centre(ids[0]);
    },
    openNode(node) {
      const groups = shown.groups.filter(({ parent }) => parent === node);
      const missing = groups.length ? groups : [{ count: Math.max(0, missingOf(node)) }];
      const added = Math.min(STEP_MAX, missing.filter(({ count }) => count <= SMALL_GROUP).reduce((sum, { count }) => sum + count, 0));
      grow(added, [{ kind: "around", node }], [node]);
    },
    openGroup(group, count = SMALL_GROUP) {
      const limit = Math.max(shown.opened.get(group.parent)?.get(group.id) ?? 0, group.total - group.count) + count;
      if (limit > LIMIT_MAX) app.notice(`A picture shows at most ${number(LIMIT_MAX)} of one group. The list in the panel has all of them.`);
      const { association, side, object } = group;
      const step = { kind: "expand", node: group.parent, association, side, object, limit: String(Math.min(limit, LIMIT_MAX)) };
      grow(Math.min(count, group.count), [step], [group.parent], { smaller: group.count });
    },
    showNode(node) {
      if (app.isShown(node)) actions.select([node], { centre: true });
      else grow(1, [{ kind: "add", node }], [node]);
    },
    isOpened: (node) => shown.opened.has(node),
    collapse: (node, { association, side, object }) => push([{ kind: "collapse", node, association, side, object }]),
    remove: (ids) => push(nodesOf(ids).map((node) => ({ kind: "remove", node })), []),
    keep(ids) {
      const kept = new Set(ids);
      push(shown.nodes.filter(({ id }) => !kept.has(id)).map(({ id }) => ({ kind: "remove", node: id })));
    },
    menu,
  };

  const picture = createPicture(el("div"), {
    label: "", onOpen: open, onMenu: (id, x, y) => menu(id, { x, y }),
    onSelect: (ids, how) => actions.select(ids, how),
  });
  const stage = picture.canvas.parentElement;
  const panel = createRecordPanel(app, actions);
  const list = createList(app, actions);
  const bar = el("footer", { class: "bar" });
  const undo = button("Undo", () => history.back(), { title: "Ctrl+Z" });
  const toggle = button("List", () => set({ view: isList() ? "picture" : "list" }), { title: "l" });
  const names = button("Names", () => set({ names: hasNames() ? "off" : undefined }), { title: "n" });
  stage.className = "stage";
  region.classList.add("graph");
  region.append(panel.element, el("div", { class: "middle" },
    el("div", { class: "tools", role: "toolbar", "aria-label": "Picture" }, undo,
      button("Redo", () => history.forward(), { title: "Ctrl+Shift+Z" }),
      button("Fit", () => picture.fit(), { title: "0" }), button("Tidy", () => picture.tidy()), names, toggle),
    el("div", { class: "both" }, stage, list.element), bar));
  app.isShown = (node) => shown.nodes.some(({ id }) => id === node);
  app.select = actions.select;
  keys();

  const selection = () => new Set(route.params.sel ?? []);
  const hasNames = () => route.params.names?.[0] !== "off";
  const isList = () => (route.params.view?.[0] ?? (matchMedia(NARROW).matches ? "list" : "picture")) === "list";
  const missingOf = (node) => { const found = shown.nodes.find(({ id }) => id === node); return found ? found.links - found.shown : 0; };
  const nodesOf = (ids) => ids.filter((id) => app.isShown(id));

  /** Changes what is no step: selection, names, picture or list. */
  function set(params) {
    app.go({ view: "graph", steps: route.steps, params: { ...route.params, ...params } }, { replace: true });
  }

  /** Adds steps; one that only opens more of a group takes the place of the last. */
  function push(steps, sel = route.params.sel) {
    if (steps.length === 0) return;
    const before = route.steps;
    const last = before.at(-1);
    const same = last?.kind === "expand" && steps[0].kind === "expand" && groupId(last.node, last) === groupId(steps[0].node, steps[0]);
    const next = [...(same ? before.slice(0, -1) : before), ...steps];
    if (next.length > STEPS_MAX) return app.notice(`A picture is made of at most ${STEPS_MAX} steps. Begin another one from here.`);
    app.go({ view: "graph", steps: next, params: { ...route.params, sel: sel?.length ? sel : undefined } });
  }

  /** Adds steps that add about this many records, unless that is too much. */
  async function grow(added, steps, sel) {
    const then = shown.nodes.length + added;
    if (then > MOST) {
      return app.notice(`The picture would hold ${number(then)} records; it shows at most ${number(MOST)}. Hide a kind, remove what you do not need, or export it for a program such as Gephi.`);
    }
    if (then > ASK && added > 0) {
      const go = await choose("A large picture", `This would make ${number(then)} records.`, [[`Show ${number(added)} more`, true]]);
      if (!go) return undefined;
    }
    return push(steps, sel);
  }

  function open(id) {
    const group = shown.groups.find((one) => one.id === id);
    if (group) actions.openGroup(group);
    else if (app.isShown(id)) actions.openNode(id);
  }

  function menu(id, at) {
    const { x, y } = at instanceof Element ? { x: at.getBoundingClientRect().left, y: at.getBoundingClientRect().bottom } : at;
    const group = shown.groups.find((one) => one.id === id);
    if (group) {
      return openMenu(x, y, [25, 100].filter((count, place) => place === 0 || group.count > 25).map((count) =>
        [`Open ${number(Math.min(count, group.count))} of ${labelName(group)}`, () => actions.openGroup(group, count)]));
    }
    if (!app.isShown(id)) return undefined;
    return openMenu(x, y, [
      ["Expand", () => actions.openNode(id)],
      ["Begin a picture with it", () => app.go({ view: "graph", steps: [{ kind: "around", node: id }], params: { ...route.params, sel: [id] } })],
      ...(picture.isPinned(id) ? [["Unpin", () => picture.unpin(id)]] : []),
      ["Find a path from here", () => app.go({ view: "path", params: { from: [id] } })],
      ["Remove", () => actions.remove([id])],
      [`Hide all of this kind`, () => push([{ kind: "hide-object", object: splitNode(id).object }])],
    ]);
  }

  function keys() {
    const selected = (action) => () => { const [id] = selection(); if (id) action(id); };
    Object.assign(app.keys, {
      e: selected(open), Enter: selected(open), h: () => actions.remove([...selection()]), Delete: () => actions.remove([...selection()]),
      u: selected((id) => picture.unpin(id)), p: selected((id) => app.go({ view: "path", params: { from: [id] } })),
      "+": () => picture.zoom(1.25), "-": () => picture.zoom(0.8), 0: () => picture.fit(),
      l: () => toggle.click(), n: () => names.click(),
      Escape: () => (stopping.signal.aborted || !loading ? selection().size && set({ sel: undefined }) : stopping.abort()),
    });
  }

  let loading = false;
  async function load() {
    stopping.abort();
    stopping = new AbortController();
    const { signal } = stopping;
    const { steps } = route;
    loading = true;
    try {
      const [next, known, summary] = await Promise.all([app.location.shown(steps, signal), app.location.kinds(), app.location.summary()]);
      if (signal.aborted) return;
      const before = shown.nodes.length;
      [shown, kinds, records] = [next, known, summary.records];
      tell(before);
      draw();
    } catch (error) {
      if (!isStopped(error)) app.fail(error, load);
    } finally {
      if (!signal.aborted) loading = false;
    }
  }

  function tell(before) {
    for (const node of shown.unknown ?? []) app.notice(`${node} is not there (any more), or not for this token.`);
    for (const step of shown.failed ?? []) app.notice(`“${formatStep(step)}” found nothing.`);
    if (shown.complete === false) app.notice("Not all links among these records are shown: the limit of one answer was reached.");
    if (shown.nodes.length > LARGE && before <= LARGE) app.notice(`More than ${LARGE} records are shown. Hide kinds or labels to see more clearly.`);
    app.announce(shownInWords(shown, records, number));
  }

  function draw() {
    const selected = selection();
    const list_ = isList();
    region.classList.toggle("is-list", list_);
    toggle.textContent = list_ ? "Picture" : "List";
    names.setAttribute("aria-pressed", String(hasNames()));
    undo.disabled = app.depth() === 0;
    const words = shownInWords(shown, records, number);
    picture.show(pictureModel(shown, { kinds, selected, names: hasNames(), past: route.params.asOf !== undefined, isPinned: picture.isPinned }));
    picture.describe(`${words}; the list holds the same`);
    list.show(shown, selected, kinds);
    panel.show(shown, selected, kinds);
    fill(bar, shown.nodes.length ? words : "Nothing is shown yet. Search for a record, or choose one from its kind.",
      location.hash.length > CHARACTERS_MAX ? " · The address is too long to be shared." : "");
  }

  function update(next) {
    route = next;
    const wanted = next.steps.map(formatStep).join("&");
    if (wanted === drawn) return draw();
    drawn = wanted;
    return load();
  }
  update(first);

  return {
    update,
    unmount() {
      stopping.abort();
      panel.unmount();
      picture.destroy();
      delete app.isShown;
      delete app.select;
    },
  };
}
