/** What differs between two moments: added, removed and renamed, drawn and as tables. */

import { isStopped } from "./api-client.mjs";
import { button, code, day, el, fill, named, number, part, tableHead } from "./dom.mjs";
import { diffModel, diffRows, diffWords, DRAWN_MAX, renamings } from "./diff-model.mjs";
import { kindName } from "./object-kinds.mjs";
import { selecting } from "./picture-model.mjs";
import { createPicture } from "./picture.mjs";
import { isNameless, pictureOf, recordLink } from "./record-link.mjs";
import { param } from "./router.mjs";
import { asOfText, DAY_MS, fieldText, HOUR_MS, parseAsOf } from "./time-range.mjs";

const PAGE = 1000;

/** Until somebody says otherwise, now is compared with so long ago. */
const USUAL_MS = 7 * DAY_MS;

/** With what now can be compared at once. @type {[string, number][]} */
const AGO = [["1 day ago", DAY_MS], ["1 week ago", 7 * DAY_MS], ["2 weeks ago", 14 * DAY_MS], ["4 weeks ago", 28 * DAY_MS]];

/** What each column says, and its class. The API tells when a link was made, also of one that was
 * removed. */
const COLUMNS = [["Change", null], ["First", null], ["Second", null], ["Made on", null], ["By event", "number minor"]];

/** @param {HTMLElement} region @param {import("./router.mjs").Route} first @param {import("./main.mjs").App} app */
export function mount(region, first, app) {
  let route = first;
  let stopping = new AbortController();
  let picture = null;
  const fields = { from: momentField("from", "From"), to: momentField("to", "To (empty: now)") };
  const presets = AGO.map(([text, by]) => button(text, () => set(asOfText(Date.now() - by), undefined), { class: "toggle", "aria-pressed": "false" }));
  const result = el("div");
  region.classList.add("page");
  region.append(el("h1", null, "Compare two moments"), el("form", { class: "row", onsubmit: submit }, fields.from.label, fields.to.label, el("button", { class: "main" }, "Compare")),
    el("div", { class: "row" }, el("span", { class: "soft" }, "Compare now with"), presets), result);

  /** Returns what the address names; who comes from the past compares that with now. */
  const given = (name) => param(route, name) ?? (name === "from" ? param(route, "asOf") : undefined);

  function set(from, to) {
    app.go({ view: "diff", params: { ...route.params, from, to } });
  }

  /** A field for a time; an event that the address names stays what it is until it is changed. */
  function momentField(name, label) {
    const field = el("input", { type: "datetime-local", name });
    const text = el("span");
    return { field, text, name: label, label: el("label", { class: "field" }, text, field) };
  }

  function submit(event) {
    event.preventDefault();
    const valueOf = (name) => {
      const { field } = fields[name];
      return field.value === field.dataset.shown ? given(name) : asOfText(field.value ? Date.parse(field.value) : undefined);
    };
    set(valueOf("from"), valueOf("to"));
  }

  function showField(name) {
    const { field, text, name: label } = fields[name];
    const { moment, seq } = parseAsOf(given(name));
    text.textContent = seq === undefined ? label : `${label.split(" ")[0]}: event ${number(seq)}`;
    field.value = moment === undefined ? "" : fieldText(moment);
    field.dataset.shown = field.value;
  }

  /** Marks the one that the moments amount to, as long as they do. */
  function showPreset() {
    const { moment } = parseAsOf(given("from"));
    AGO.forEach(([, by], at) => {
      const isChosen = moment !== undefined && param(route, "to") === undefined && Math.abs(Date.now() - moment - by) < HOUR_MS;
      presets[at].setAttribute("aria-pressed", String(isChosen));
    });
  }

  async function load() {
    stopping.abort();
    stopping = new AbortController();
    const { signal } = stopping;
    picture?.destroy();
    picture = null;
    const from = given("from");
    showField("from");
    showField("to");
    showPreset();
    if (from === undefined) {
      fields.from.field.value = fieldText(Date.now() - USUAL_MS);
      fill(result, el("p", { class: "soft" }, "Which links were added or removed between two moments, and which associations were renamed?"));
      return;
    }
    const params = { from, to: param(route, "to"), limit: PAGE };
    try {
      const ask = (cursor) => app.api.get(app.location.at("diff"), { ...params, cursor }, { signal, what: "the differences" });
      const [answer, kinds] = await Promise.all([ask(), app.location.kinds()]);
      if (!signal.aborted) show(answer, kinds, ask, params);
    } catch (error) {
      if (isStopped(error)) return;
      if (error.status === 400 || error.status === 410) fill(result, el("p", { class: "bad", role: "alert" }, error.message));
      else app.fail(error, load);
    }
  }

  function show(answer, kinds, ask, params) {
    const rows = diffRows(answer);
    const { associations } = answer;
    const nothing = rows.length === 0 && ["added", "removed", "renamed"].every((what) => associations[what].length === 0);
    const stage = el("div", { class: "stage differences" });
    const isDrawn = rows.length > 0 && rows.length <= DRAWN_MAX && !answer.next;
    fill(result,
      el("p", null, nothing ? "Nothing differs" : diffWords(answer, number), ` between ${momentName(answer.from)} and ${momentName(answer.to)}`, answer.next ? " among the first of the differences." : "."),
      associationPart(associations, kinds),
      isDrawn ? [stage, legend()] : null,
      rows.length > 0 ? linkPart(rows, answer.next, ask) : null,
      part("Request", code(app.api.curl("GET", app.location.at("diff"), { params }))));
    app.announce(nothing ? "Nothing differs." : diffWords(answer, number));
    if (!isDrawn) return;
    const model = diffModel(rows, kinds, { names: !isNameless(app) });
    picture = createPicture(stage, {
      label: `${diffWords(answer, number)}; the table holds the same`,
      scrolls: true,
      onSelect: ([id]) => picture.show(selecting(model, id)),
      onOpen: (id) => model.nodes.some((node) => node.id === id) && app.go(pictureOf(id)),
    });
    picture.show(model);
  }

  const legend = () => el("p", { class: "soft legend" }, ["added", "removed"].map((change) => el("span", { class: change }, change === "added" ? "Green: link added" : "Red and dashed: link removed")));

  const momentName = (seq) => (seq === 0 ? "the beginning" : `event ${number(seq)}`);

  function associationPart({ added, removed, renamed }, kinds) {
    if (added.length + removed.length + renamed.length === 0) return null;
    const named_ = (one) => [named(one.firstObjectLabel || "–"), " ", el("span", { class: "soft" }, kindName(kinds, one.firstObjectKey ?? "")), " · ",
      named(one.secondObjectLabel || "–"), " ", el("span", { class: "soft" }, kindName(kinds, one.secondObjectKey ?? ""))];
    return part("Associations", el("ul", { class: "plain diff" },
      renamed.map((one) => el("li", null, el("b", { class: "changed" }, "Renamed"), " ", named_(one.after), el("ul", { class: "plain" }, renamings(one).map(({ name, before, after }) =>
        el("li", null, `${name}: `, el("del", null, named(before)), " → ", el("ins", null, named(after))))))),
      removed.map((one) => el("li", null, el("b", { class: "removed" }, "− Removed"), " ", named_(one))),
      added.map((one) => el("li", null, el("b", { class: "added" }, "+ Added"), " ", named_(one)))));
  }

  function linkPart(rows, next, ask) {
    const body = el("tbody", null, rows.map(linkRow));
    const more = el("p");
    const offer = (cursor) => fill(more, cursor ? button(`Load ${number(PAGE)} more`, async () => {
      try {
        const answer = await ask(cursor);
        body.append(...diffRows(answer).map(linkRow));
        offer(answer.next);
      } catch (error) {
        app.fail(error);
      }
    }) : null);
    offer(next);
    return part("Links", el("div", { class: "scroll" }, el("table", { class: "wide diff" }, tableHead(COLUMNS), body)), more);
  }

  const linkRow = ({ change, link }) => el("tr", null,
    el("td", { class: change }, change === "added" ? "+ added" : "− removed"),
    [link.first, link.second].map((end) => el("td", null, recordLink(app, end), " ", el("span", { class: "soft" }, named(end.label || "–")))),
    el("td", { class: COLUMNS[3][1] }, link.at ? day(link.at) : ""), el("td", { class: COLUMNS[4][1] }, number(link.seq)));

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
