/** What can be done with a picture: each changes its steps, or what is selected. */

import { choose } from "./dialog.mjs";
import { number } from "./dom.mjs";
import { groupId, LIMIT_MAX, unhide } from "./history.mjs";
import { openMenu } from "./menu.mjs";
import { labelName, splitNode } from "./object-kinds.mjs";
import { pictureOf } from "./record-link.mjs";
import { STEPS_MAX } from "./router.mjs";
import { SMALL_GROUP, STEP_MAX } from "./state.mjs";

/** From here on a picture asks before it grows, and grows no more. */
const ASK = 500;
const MOST = 2000;

/** What looks for another record and how it is related. */
export const JOIN = "Find what joins it with …";

/** How many of a group are opened at once, on request. */
export const MANY = 100;

/**
 * @typedef {object} Actions
 * @property {(ids: string[], how?: { add?: boolean, centre?: boolean }) => void} select
 * @property {(params: Record<string, string | undefined>) => void} set parameters that are no step
 * @property {(id: string) => void} open a record or a group
 * @property {(node: string) => void} openNode opens its small groups
 * @property {(group: object, count?: number) => void} openGroup
 * @property {(node: string, how?: { add?: boolean }) => void} showNode selects it, after adding it where it is missing
 * @property {(node: string) => boolean} isShown
 * @property {(node: string, group: object) => void} collapse
 * @property {(ids: string[]) => void} remove
 * @property {(ends: string[]) => void} findPaths from one record, or all between two
 * @property {(ids: string[]) => void} keep removes all others
 * @property {(id: string, at: HTMLElement | { x: number, y: number }) => void} menu
 */

/** @param {any} step that expands a group */
const stepGroup = (step) => groupId(step.node, step);

/**
 * @param {import("./main.mjs").App} app
 * @param {() => { route: import("./router.mjs").Route, shown: object }} current
 * @param {() => ReturnType<typeof import("./picture.mjs").createPicture>} picture
 * @returns {Actions}
 */
export function createActions(app, current, picture) {
  const selection = () => new Set(current().route.params.sel ?? []);
  const isShown = (node) => current().shown.nodes.some(({ id }) => id === node);
  const groupOf = (id) => current().shown.groups.find((group) => group.id === id);

  function set(params) {
    const { route } = current();
    app.go({ view: "graph", steps: route.steps, params: { ...route.params, ...params } }, { replace: true });
  }

  /** Adds steps; one that only opens more of a group takes the place of the last. */
  function push(steps, sel = current().route.params.sel) {
    if (steps.length === 0) return;
    const { route } = current();
    const last = route.steps.at(-1);
    const same = last?.kind === "expand" && steps[0].kind === "expand" && stepGroup(last) === stepGroup(steps[0]);
    const next = [...(same ? route.steps.slice(0, -1) : route.steps), ...steps];
    if (next.length > STEPS_MAX) app.notice(`A picture is made of at most ${STEPS_MAX} steps. Begin another one with a record of it.`);
    else app.go({ view: "graph", steps: next, params: { ...route.params, card: undefined, sel: sel?.length ? sel : undefined } });
  }

  /** Adds steps that add about this many records, unless that is too much. */
  async function grow(added, steps, sel) {
    const then = current().shown.nodes.length + added;
    if (then > MOST) {
      app.notice(`The picture would hold ${number(then)} records; it shows at most ${number(MOST)}. Hide a kind, remove what you do not need, or export it for a program such as Gephi.`);
      return;
    }
    const asks = then > ASK && added > 0;
    if (asks && !await choose("A large picture", `This would make ${number(then)} records.`, [[`Show ${number(added)} more`, true]])) return;
    push(steps, sel);
  }

  function openNode(node) {
    const { shown } = current();
    const drawn = shown.groups.filter(({ parent }) => parent === node).map(({ count }) => count);
    const found = shown.nodes.find(({ id }) => id === node);
    const counts = drawn.length ? drawn : [found ? found.links - found.shown : 0];
    const added = counts.filter((count) => count <= SMALL_GROUP).reduce((sum, count) => sum + count, 0);
    grow(Math.min(STEP_MAX, added), [{ kind: "around", node }], [node]);
  }

  function openGroup(group, count = SMALL_GROUP) {
    const { parent, association, side, object } = group;
    const asked = current().shown.opened.get(parent)?.get(group.id) ?? 0;
    const already = group.total - group.count;
    // More than are shown, so that there is a new one among them, whatever else showed the others.
    const limit = (asked + count > already ? asked : already) + count;
    if (limit > LIMIT_MAX) app.notice(`A picture shows at most the newest ${number(LIMIT_MAX)} of one group. The list in the panel has all of them.`);
    if (asked === LIMIT_MAX) return;
    grow(Math.min(count, group.count), [{ kind: "expand", node: parent, association, side, object, limit: String(Math.min(limit, LIMIT_MAX)) }], [parent]);
  }

  function open(id) {
    const group = groupOf(id);
    if (group) openGroup(group);
    else if (isShown(id)) openNode(id);
  }

  /** @returns {[string, () => void][]} */
  function itemsOf(id) {
    const group = groupOf(id);
    if (group) {
      const counts = [SMALL_GROUP, ...(group.count > SMALL_GROUP ? [MANY] : [])];
      return counts.map((count) => [`Open ${number(Math.min(count, group.count))} of ${labelName(group)}`, () => openGroup(group, count)]);
    }
    if (!isShown(id)) return [];
    /** @type {[string, () => void][]} */
    const items = [
      ["Expand", () => openNode(id)], ["Begin a picture with it", () => app.go(pictureOf(id))],
      [JOIN, () => actions.findPaths([id])],
    ];
    if (picture().layout.isPinned(id)) items.push(["Unpin", () => picture().unpin(id)]);
    items.push(["Remove from picture", () => actions.remove([id])]);
    items.push(["Hide all of this kind", () => push([{ kind: "hide-object", object: splitNode(id).object }])]);
    return items;
  }

  const actions = {
    set, open, openNode, openGroup, isShown,
    select(ids, { add = false, centre = false } = {}) {
      const chosen = add ? selection() : new Set();
      for (const id of ids) if (!chosen.delete(id)) chosen.add(id);
      set({ sel: chosen.size ? [...chosen] : undefined, card: undefined });
      if (centre) picture().centre(ids[0]);
    },
    showNode(node, { add = false } = {}) {
      if (isShown(node)) actions.select([node], { add, centre: true });
      else grow(1, [...unhide(current().route.steps, splitNode(node).object), { kind: "add", node }], add ? [...selection(), node] : [node]);
    },
    collapse: (node, { association, side, object }) => push([{ kind: "collapse", node, association, side, object }]),
    remove: (ids) => push(ids.filter(isShown).map((node) => ({ kind: "remove", node })), []),
    findPaths(ends) {
      const [from, to] = ends;
      app.go({ view: "path", params: to === undefined ? { from: [from] } : { from: [from], to: [to], all: ["1"] } });
    },
    keep(ids) {
      const others = current().shown.nodes.filter(({ id }) => !ids.includes(id));
      push(others.map(({ id }) => ({ kind: "remove", node: id })));
    },
    menu(id, at) {
      const box = at instanceof Element ? at.getBoundingClientRect() : null;
      const items = itemsOf(id);
      if (items.length) openMenu(box ? box.left : at.x, box ? box.bottom : at.y, items);
    },
  };
  return actions;
}
