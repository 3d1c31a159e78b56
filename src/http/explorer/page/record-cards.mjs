/** The links of a record as cards, one for each label. */

import { button, day, el, entry, fill, named, number, time } from "./dom.mjs";
import { groupId } from "./history.mjs";
import { kindName, labelName, nodeOf, recordName } from "./object-kinds.mjs";

/** Far ends that a card shows by itself, and links that are asked for to fill the cards. */
const CARD_ENDS = 5;
const CARD_LINKS = 100;
const LIST_PAGE = 50;

/** Says that a record was deleted, and when. */
export const deletedText = ({ deleted }) => ["was deleted on ", time(deleted.timestamp ?? deleted.receivedAt)];

/**
 * Returns what an address names to lead to one card: the label group that breaks its cardinality.
 * @param {{ association: string, side: string }} group
 */
export const cardName = ({ association, side }) => `${association}:${side}`;

/**
 * @param {import("./main.mjs").App} app
 * @param {import("./graph-actions.mjs").Actions} actions
 * @param {{ guard: (promise: Promise<unknown>) => unknown, hasNames: () => boolean }} panel
 */
export function createCards(app, actions, { guard, hasNames }) {
  /** The newest links of the last record: the picture may grow without an event. */
  let newest = { of: "", answer: null };

  async function newestLinks(node, shown, signal) {
    const of = JSON.stringify([node.id, shown.seq, node.links, node.news]);
    if (newest.of !== of) newest = { of, answer: await app.location.links(node.id, { limit: CARD_LINKS }, signal) };
    return newest.answer.links;
  }

  /** Fills the panel with the cards of a record; `wanted` is the card to which an address leads. */
  async function show(body, node, kinds, shown, signal, wanted) {
    const [labels, links] = await Promise.all([app.location.countLabels([node.id], signal), newestLinks(node, shown, signal)]);
    if (signal.aborted) return;
    const groups = labels.get(node.id) ?? [];
    const hadFocus = body.contains(document.activeElement);
    const nothing = node.deleted ? "Its links went with it; they are in its history." : "Nothing is linked to it.";
    fill(body, groups.length === 0 ? el("p", { class: "soft" }, nothing) : groups.map((group) => card(node, group, links, shown, kinds, signal)));
    if (hadFocus) /** @type {HTMLElement} */ (body.closest(".panel")).focus();
    const pointed = [...body.children].find((one) => one.getAttribute("data-card") === wanted);
    if (!wanted || !pointed) return;
    pointed.classList.add("pointed");
    pointed.scrollIntoView({ block: "center" });
  }

  function card(node, group, links, shown, kinds, signal) {
    const mine = links.filter((link) => link.association === group.association && link.side === group.side && link.object === group.object);
    const ends = el("ul", { class: "plain" }, mine.slice(0, CARD_ENDS).map(end));
    const isBroken = node.violated.some((one) => groupId("", one) === groupId("", group));
    const hidden = shown.groups.find(({ id }) => id === groupId(node.id, group));
    const isOpen = shown.opened.get(node.id)?.has(groupId(node.id, group));
    const unshown = hidden ?? (shown.opened.has(node.id) ? null : { ...group, id: groupId(node.id, group), parent: node.id, total: group.count });
    return el("section", { class: "card", "data-card": cardName(group) },
      el("h3", null, named(labelName(group)), " ", el("span", { class: "chip" }, number(group.count))),
      el("p", { class: "soft" }, kindName(kinds, group.object, group.count), group.ownLabel ? [" · it is their “", named(group.ownLabel), "”"] : ""),
      isBroken ? el("p", { class: "bad" }, ["Allows one ", named(labelName(group)), `, has ${number(group.count)}`]) : null,
      ends,
      el("div", { class: "row" },
        unshown ? button("Show on picture", () => actions.openGroup(unshown)) : null,
        isOpen ? button("Group on picture", () => actions.collapse(node.id, group)) : null,
        lengthButtons(ends, node, group, mine, signal)));
  }

  /** Makes the buttons that list more links in a card, one page at a time, and fewer again. */
  function lengthButtons(ends, node, group, mine, signal) {
    const few = Math.min(mine.length, CARD_ENDS);
    if (group.count <= few) return null;
    const { association, side, object, count } = group;
    const first = count > LIST_PAGE ? "Show more" : `Show all ${number(count)}`;
    let [listed, cursor, isAsking] = [0, undefined, false];
    const more = button(first, () => guard(page()));
    const fewer = button("Show fewer", () => {
      fill(ends, mine.slice(0, CARD_ENDS).map(end));
      [listed, cursor] = [0, undefined];
      more.textContent = first;
      [more.hidden, fewer.hidden] = [false, true];
      more.focus();
    }, { hidden: true });
    async function page() {
      if (isAsking) return;
      isAsking = true;
      try {
        const answer = await app.location.links(node.id, { association, side, object, limit: LIST_PAGE, cursor }, signal);
        const before = ends.children.length;
        if (listed === 0) fill(ends);
        ends.append(...answer.links.map(end));
        listed += answer.links.length;
        cursor = answer.next;
        fewer.hidden = false;
        more.hidden = !answer.next;
        more.textContent = `Load ${LIST_PAGE} more (${number(listed)} of ${number(count)})`;
        // The button may be gone, and what is new is what was asked for.
        ends.children[before]?.querySelector("button").focus();
      } finally {
        isAsking = false;
      }
    }
    return [more, fewer];
  }

  const end = (link) => el("li", null,
    entry(hasNames() ? recordName(link) : link.record, (add) => actions.showNode(nodeOf(link), { add })),
    el("span", { class: "soft since" }, link.at ? ["since ", day(link.at)] : `event ${number(link.seq)}`));

  return { show, newestLinks };
}
