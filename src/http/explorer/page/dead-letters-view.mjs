/** Deliveries that could not be used: why, their bodies, and again. */

import { isStopped } from "./api-client.mjs";
import { choose } from "./dialog.mjs";
import { button, code, counted, el, fill, named, number, part, tableHead, time } from "./dom.mjs";
import { createLetterPanel } from "./dead-letter-panel.mjs";
import { groupLetters } from "./dead-letters.mjs";
import { param } from "./router.mjs";

const PAGE = 100;
const PATH = ["v1", "dead-letters"];

/** What each column says, and its class. */
const COLUMNS = [["Number"], ["First"], ["Last", "minor"], ["Times", "number minor"], ["Event"], ["Location", "minor"], ["Bytes", "number minor"]];

/** Shows what a reason quotes as code. */
const quoted = (reason) => reason.split("`").map((text, at) => (at % 2 === 1 ? el("code", null, text) : named(text)));

/** @param {HTMLElement} region @param {import("./router.mjs").Route} first @param {import("./main.mjs").App} app */
export function mount(region, first, app) {
  let route = first;
  const stopping = new AbortController();
  const { signal } = stopping;
  let letters = [];
  let next = null;
  let known = { total: undefined, dropped: undefined };
  const panels = new Map();
  /** Stops a removal of several. */
  let isRemoving = false;
  const mayWrite = app.session.scope !== "read";
  const head = el("div");
  const list = el("div");
  const progress = el("p", { role: "status" });
  region.classList.add("page");
  region.append(el("h1", null, "Dead letters"), head, progress, list,
    part("Request", code(app.api.curl("GET", PATH))));

  const fail = (error) => isStopped(error) || app.fail(error);
  const isOpen = (letter) => param(route, "id") === String(letter.id);

  async function load(cursor) {
    try {
      const answer = await app.api.get(PATH, { limit: PAGE, cursor }, { signal, what: "the dead letters" });
      letters = cursor ? [...letters, ...answer.deadLetters] : answer.deadLetters;
      next = answer.next;
      known = answer;
      if (!cursor) await findOpen();
      show();
      if (!cursor) list.querySelector("[aria-expanded=true]")?.scrollIntoView({ block: "center" });
    } catch (error) {
      if (!isStopped(error)) app.fail(error, () => load(cursor));
    }
  }

  /** Asks for the letter of the address, where the list does not reach it. */
  async function findOpen() {
    const id = param(route, "id");
    if (id === undefined || letters.some(isOpen) || next === null) return;
    letters.push(await app.api.get([...PATH, id], {}, { signal, what: "the dead letter" }));
  }

  /** A change of something needs a token that may write. */
  const acting = (text, action, more = {}) => button(text, action, { disabled: !mayWrite, title: mayWrite ? null : "This token may read, not write.", ...more });

  function show() {
    const code_ = param(route, "code");
    const wanted = code_ === undefined ? letters : letters.filter((letter) => letter.code === code_);
    const { total, dropped } = known;
    fill(head,
      el("p", null, total === 0 || (total === undefined && letters.length === 0) ? "None: every delivery could be used."
        : total === letters.length || total === undefined ? `${counted(letters.length, "delivery", "deliveries")} could not be used, by what is wrong:`
        : `${counted(total, "delivery", "deliveries")} could not be used; ${number(letters.length)} of them are listed, by what is wrong:`,
        dropped ? ` ${counted(dropped, "earlier one was", "earlier ones were")} dropped to make room.` : ""),
      code_ === undefined ? null : el("p", null, "Only ", el("code", null, code_), ". ", el("a", { href: app.link({ view: "dead-letters" }) }, "Show all")),
      letters.length === 0 ? null : el("div", { class: "row" }, acting("Replay all", replayAll), mayWrite ? "" : el("span", { class: "soft" }, "This token may read, not write.")));
    fill(list, wanted.length === 0 ? null : el("div", { class: "scroll" }, el("table", { class: "wide letters" },
      tableHead([...COLUMNS, [el("span", { class: "unseen" }, "Actions")]]),
      groupLetters(wanted).map(groupRows))), next ? button(`Load ${PAGE} more`, () => load(next)) : null);
  }

  const groupRows = (group) => el("tbody", null,
    el("tr", null, el("th", { colspan: COLUMNS.length, scope: "rowgroup", class: "group" },
      el("h2", null, quoted(group.reason), " ", el("span", { class: "chip" }, number(group.letters.length))),
      el("code", null, group.code), group.field ? [", field ", el("code", null, named(group.field))] : "", " ",
      group.letters.length > 1 ? acting(`Delete these ${number(group.letters.length)}`, () => removeSeveral(group.letters), { class: "small" }) : "")),
    group.letters.map((letter) => [row(letter), isOpen(letter) ? el("tr", null, el("td", { colspan: COLUMNS.length }, panelOf(letter))) : null]));

  /** Returns the details of a letter, which are asked for once. */
  function panelOf(letter) {
    if (!panels.has(letter.id)) panels.set(letter.id, createLetterPanel(app, letter, signal, (error) => gone(letter, error)));
    return panels.get(letter.id);
  }

  const row = (letter) => el("tr", null,
    el("td", null, button(`${isOpen(letter) ? "Close" : "Open"} ${letter.id}`, () => app.go({ view: "dead-letters", params: { ...route.params, id: isOpen(letter) ? undefined : [String(letter.id)] } }, { replace: true }), { class: "small", "aria-expanded": String(isOpen(letter)), "data-letter": letter.id })),
    el("td", null, time(letter.firstAt)), el("td", { class: COLUMNS[2][1] }, letter.times > 1 ? time(letter.lastAt) : ""), el("td", { class: COLUMNS[3][1] }, number(letter.times)),
    el("td", null, named(letter.event ?? "")), el("td", { class: COLUMNS[5][1] }, named(letter.locationId ?? "")), el("td", { class: COLUMNS[6][1] }, number(letter.bytes)),
    el("td", { class: "acts" }, acting("Replay", () => replay(letter), { class: "small", "aria-label": `Replay ${letter.id}` }), " ", acting("Delete", () => removeOne(letter), { class: "small", "aria-label": `Delete ${letter.id}` })));

  /** Takes a letter off the list: it is not there any more. */
  function drop(letter) {
    if (!letters.includes(letter)) return;
    letters = letters.filter((one) => one !== letter);
    if (known.total !== undefined) known = { ...known, total: known.total - 1 };
    show();
  }

  /** Says what went wrong; a letter that somebody else took away goes. */
  function gone(letter, error) {
    if (error.status !== 404) return fail(error);
    drop(letter);
    app.notice(`Dead letter ${letter.id} is not there any more.`);
  }

  async function replay(letter) {
    try {
      await app.api.send("POST", [...PATH, String(letter.id), "replay"], { changes: true, signal, what: "the replay" });
      drop(letter);
      app.notice(`Delivery ${letter.id} was accepted.`);
    } catch (error) {
      if (error.status === 400 || error.status === 422) app.notice(`Delivery ${letter.id} was refused again: ${error.message}`);
      else gone(letter, error);
    }
  }

  async function replayAll() {
    const count = known.total === undefined ? "All deliveries that you may see are" : known.total === 1 ? "One delivery is" : `${number(known.total)} deliveries are`;
    if (!await choose("Replay all", `${count} tried again.`, [["Replay all", true]])) return;
    try {
      const { accepted, refused } = await app.api.post([...PATH, "replay"], undefined, { changes: true, signal, what: "the replay" });
      app.notice(`${number(accepted)} accepted, ${number(refused)} refused again.`);
      await load();
    } catch (error) {
      fail(error);
    }
  }

  const remove = (letter) => app.api.send("DELETE", [...PATH, String(letter.id)], { changes: true, signal, what: "the deletion" });

  async function removeOne(letter) {
    if (!await choose("Delete a dead letter", `Delivery ${letter.id} is deleted for good.`, [["Delete", true]])) return;
    try {
      await remove(letter);
      drop(letter);
    } catch (error) {
      gone(letter, error);
    }
  }

  /** Deletes one after the other, until it is done or stopped. */
  async function removeSeveral(several) {
    if (isRemoving || !await choose("Delete dead letters", `${counted(several.length, "delivery is", "deliveries are")} deleted for good.`, [["Delete", true]])) return;
    isRemoving = true;
    let done = 0;
    for (const letter of several) {
      if (!isRemoving || signal.aborted) break;
      fill(progress, `Deleted ${number(done)} of ${number(several.length)}. `, button("Stop", () => { isRemoving = false; }));
      try {
        await remove(letter);
        drop(letter);
        done += 1;
      } catch (error) {
        if (error.status !== 404) {
          fail(error);
          break;
        }
        drop(letter);
      }
    }
    isRemoving = false;
    fill(progress, `Deleted ${number(done)} of ${number(several.length)}.`);
  }

  load();
  return {
    update(given) {
      route = given;
      show();
      const id = param(route, "id");
      if (id !== undefined) /** @type {HTMLElement | null} */ (list.querySelector(`[data-letter="${CSS.escape(id)}"]`))?.focus();
    },
    unmount() {
      isRemoving = false;
      stopping.abort();
    },
  };
}
