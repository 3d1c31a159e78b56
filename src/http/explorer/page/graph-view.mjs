/** The picture of some records, the list that holds the same, and the panel of the selection. */

import { isStopped } from "./api-client.mjs";
import { button, counted, el, fill, named, number } from "./dom.mjs";
import { openExport } from "./export-dialog.mjs";
import { createActions } from "./graph-actions.mjs";
import { formatStep } from "./history.mjs";
import { createList } from "./list-view.mjs";
import { marked, newsText, noMarks, takeChanges } from "./live-marks.mjs";
import { kindName, labelName, recordName } from "./object-kinds.mjs";
import { pictureModel, shownInWords } from "./picture-model.mjs";
import { createPicture } from "./picture.mjs";
import { createRecordPanel } from "./record-panel.mjs";
import { deletedText } from "./record-cards.mjs";
import { CHARACTERS_MAX } from "./router.mjs";

/** From here on the picture says that it is large. */
const LARGE = 300;

const NOTHING = { nodes: [], links: [], groups: [], opened: new Map(), hidden: { objects: new Set(), labels: new Set() } };

/** Under this width the list comes first; from that one on it is beside the picture. */
const NARROW = "(max-width: 60rem)";
const WIDE = "(min-width: 87.5rem)";

/** @param {HTMLElement} region @param {object} first @param {import("./main.mjs").App} app */
export function mount(region, first, app) {
  let route = first;
  let shown = NOTHING;
  let kinds = new Map();
  let records = 0;
  let drawn = null;
  let stopping = new AbortController();
  const leaving = new AbortController();
  let isLoading = false;
  /** What changed since it was asked for. */
  let marks = noMarks();
  let isFollowing = false;

  const actions = createActions(app, () => ({ route, shown }), () => picture);
  const selection = () => new Set(route.params.sel ?? []);
  const hasNames = () => route.params.names?.[0] !== "off";
  const isList = () => (route.params.view?.[0] ?? (matchMedia(NARROW).matches ? "list" : "picture")) === "list";

  const hint = el("div", { class: "hint", hidden: true });
  const stage = el("div", { class: "stage" }, hint);
  const picture = createPicture(stage, {
    label: "Nothing is shown yet",
    onOpen: actions.open, onSelect: actions.select, onMenu: (id, x, y) => actions.menu(id, { x, y }),
    onPinned: () => draw(), describe, layout: app.pictureLayout?.location === first.location ? app.pictureLayout.layout : undefined,
  });
  app.pictureLayout = { location: first.location, layout: picture.layout };
  const panel = createRecordPanel(app, actions);
  const list = createList(actions);
  const bar = el("footer", { class: "bar" });
  const undo = button("Undo", () => history.back(), { title: "Ctrl+Z" });
  const redo = button("Redo", () => history.forward(), { title: "Ctrl+Shift+Z" });
  const toggle = button("List", () => actions.set({ view: isList() ? "picture" : "list" }), { title: "l" });
  const names = button("Names", () => actions.set({ names: hasNames() ? "off" : undefined }), { title: "n", class: "toggle" });
  const follow = button("Follow", () => setFollowing(!isFollowing), { class: "toggle", "aria-pressed": "false", title: "Add and remove by itself what changes" });
  follow.hidden = first.params.asOf !== undefined;
  const fold = button("Panel", () => setPanel(region.classList.contains("no-panel")), { class: "toggle", "aria-pressed": "true" });
  region.classList.add("graph");
  region.append(el("h1", { class: "unseen" }, "Picture"), panel.element, el("div", { class: "middle" },
    el("div", { class: "tools", role: "toolbar", "aria-label": "Picture" },
      undo, redo,
      button("Fit", () => picture.fit(), { title: "0" }), button("Tidy", () => picture.tidy()), names, fold, follow, toggle,
      button("Export", () => openExport(app, { shown, kinds, picture }))),
    el("div", { class: "both" }, stage, list.element), bar));
  app.isShown = actions.isShown;
  app.select = actions.select;
  listenToKeys();
  const wide = matchMedia(WIDE);
  const redraw = () => draw();
  const print = () => draw({ isPrinted: true });
  wide.addEventListener("change", redraw);
  window.addEventListener("beforeprint", print);

  function setPanel(isOpen) {
    region.classList.toggle("no-panel", !isOpen);
    fold.setAttribute("aria-pressed", String(isOpen));
  }

  function setFollowing(wanted) {
    isFollowing = wanted;
    follow.setAttribute("aria-pressed", String(wanted));
    if (wanted && marks.nodes.size + marks.links.size > 0) load();
  }

  /** Marks what changed; only a person, or Follow, adds and removes. */
  async function take({ news, isLost }) {
    if (isLost) return load();
    const count = takeChanges(marks, shown, news);
    if (count === 0) return;
    app.announce(`${counted(count, "change")} to what you see`);
    if (isFollowing) return load();
    draw();
    const ids = shown.nodes.map(({ id }) => id).filter((id) => marks.nodes.has(id));
    const { signal } = leaving;
    try {
      const known = await app.location.countLabels(ids, signal);
      if (signal.aborted) return;
      const links = (id) => (known.get(id) ?? []).reduce((sum, group) => sum + group.count, 0);
      shown = { ...shown, nodes: shown.nodes.map((node) => (marks.nodes.has(node.id) ? { ...node, links: links(node.id) } : node)) };
      draw();
    } catch (error) {
      if (!isStopped(error)) app.fail(error);
    }
  }
  const unsubscribe = app.live.subscribe(take);

  /** Returns what the tooltip of something says. */
  function describe(id) {
    const found = (items) => items.find((one) => one.id === id);
    const [node, group, link] = [found(shown.nodes), found(shown.groups), found(shown.links)];
    if (node) {
      const broken = node.violated.map((one) => el("div", { class: "bad" }, `allows one ${labelName(one)}, has ${number(one.count)}`));
      return [el("b", null, hasNames() ? named(recordName(node)) : kindName(kinds, node.object)),
        el("div", null, kindName(kinds, node.object), " · ", counted(node.links, "link"), node.links > node.shown ? `, ${number(node.shown)} shown` : ""), node.deleted ? el("div", { class: "bad" }, deletedText(node)) : null, newsOf(id), broken];
    }
    if (group) return [el("b", null, labelName(group)), el("div", null, `${number(group.count)} of ${counted(group.total, "link")} are not shown. Double click opens more.`)];
    if (link) return [el("b", null, [link.ownLabel, link.label].filter(Boolean).join(" – ") || link.associationKey)];
    return null;
  }

  function newsOf(id) {
    const news = marks.nodes.get(id);
    if (!news) return null;
    return el("div", { class: "changed" }, news.gone ? "was deleted" : newsText(news) ? `links since it was shown: ${newsText(news)}` : "has changed");
  }

  function listenToKeys() {
    const selected = (action) => () => { const [id] = selection(); if (id) action(id); };
    function findPaths() {
      const ids = [...selection()].filter(actions.isShown);
      if (ids.length > 0) actions.findPaths(ids.length === 2 ? ids : [ids[0]]);
    }
    const remove = () => actions.remove([...selection()]);
    Object.assign(app.keys, {
      e: selected(actions.open), Enter: selected(actions.open), h: remove, Delete: remove,
      u: selected((id) => picture.unpin(id)), p: findPaths,
      "+": () => picture.zoom(1.25), "-": () => picture.zoom(0.8), 0: () => picture.fit(),
      l: () => toggle.click(),
      Escape() {
        if (isLoading) stopping.abort();
        else if (selection().size) actions.set({ sel: undefined });
      },
    });
  }

  async function load() {
    stopping.abort();
    stopping = new AbortController();
    const { signal } = stopping;
    isLoading = true;
    try {
      const [next, known, summary] = await Promise.all([app.location.shown(route.steps, signal), app.location.kinds(), app.location.summary()]);
      if (signal.aborted) return;
      isLoading = false;
      const before = shown.nodes.length;
      [shown, kinds, records] = [next, known, summary.records];
      marks = noMarks();
      tell(before);
      draw();
    } catch (error) {
      if (!isStopped(error)) app.fail(error, load);
    } finally {
      if (stopping.signal === signal) isLoading = false;
    }
  }

  /** Says what is not as one may expect. */
  function tell(before) {
    for (const node of shown.unknown) app.notice(`${node} is not there (any more), or not for this token.`);
    for (const step of shown.failed) app.notice(`The step “${formatStep(step)}” found nothing.`);
    if (!shown.complete) app.notice("Not all links among these records are shown: the limit of one answer was reached.");
    if (shown.nodes.length > LARGE && before <= LARGE) app.notice(`More than ${LARGE} records are shown. Hide kinds or labels to see more clearly.`);
    app.announce(shownInWords(shown, records, number));
  }

  function draw({ isPrinted = false } = {}) {
    const selected = selection();
    const asList = isList() && shown.nodes.length > 0;
    const hadFocus = stage.contains(document.activeElement) || list.element.contains(document.activeElement);
    region.classList.toggle("is-list", asList);
    toggle.textContent = asList ? "Picture" : "List";
    names.setAttribute("aria-pressed", String(hasNames()));
    undo.disabled = app.depth() === 0;
    redo.disabled = !app.canRedo();
    const now = marked(shown, marks);
    picture.show(pictureModel(now, { kinds, selected, names: hasNames(), past: route.params.asOf !== undefined, isPinned: picture.layout.isPinned }));
    const words = shown.nodes.length ? shownInWords(shown, records, number) : shown.hidden.objects.size ? "Everything is hidden" : "Nothing is shown yet";
    picture.describe(`${words}; the list holds the same`);
    const told = hasNames() ? now : { ...now, nodes: now.nodes.map((node) => ({ ...node, name: undefined })) };
    // A list that nobody sees is not worth its time.
    if (isPrinted || list.element.offsetParent) list.show(told, selected, kinds);
    // What had the focus may be hidden now.
    if (hadFocus && !/** @type {HTMLElement} */ (document.activeElement).offsetParent) (asList ? list : picture.canvas).focus();
    panel.show(told, selected, kinds, hasNames());
    if (app.entersPicture && shown.nodes.length > 0 && !isLoading) enter(asList);
    hint.hidden = shown.nodes.length > 0;
    if (!hint.hidden) fill(hint, begin());
    fill(bar, words,
      location.hash.length > CHARACTERS_MAX ? " · The address is too long to be shared." : "");
  }

  /** Puts the focus where the keys of the picture are heard. */
  function enter(asList) {
    app.entersPicture = false;
    if (asList) list.focus();
    else picture.canvas.focus({ preventScroll: true });
  }

  /** Returns what one may begin a picture with. */
  function begin() {
    const sorted = [...kinds.values()].sort((a, b) => b.records - a.records);
    if (shown.hidden.objects.size) return [el("h2", null, "Everything is hidden"), el("p", null, "The panel shows kinds again, and Undo takes back what hid them.")];
    return [el("h2", null, "Nothing is shown yet"), el("p", null, "Search for a record above, or choose one from its kind:"),
      el("p", { class: "row" }, sorted.map(({ object, records: count }) =>
        el("a", { class: "button", href: app.link({ view: "kind", object }) }, named(kindName(kinds, object, 2)), el("span", { class: "soft" }, ` ${number(count)}`))))];
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
      leaving.abort();
      unsubscribe();
      wide.removeEventListener("change", redraw);
      window.removeEventListener("beforeprint", print);
      panel.unmount();
      picture.destroy();
      delete app.isShown;
      delete app.select;
    },
  };
}
