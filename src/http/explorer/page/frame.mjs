/** What is around every view: header, tabs, progress, notices, errors. */

import { button, copyButton, counted, el, fill, number } from "./dom.mjs";
import { openHelp } from "./help-dialog.mjs";
import { openMenu } from "./menu.mjs";
import { createSearchBox } from "./search-box.mjs";
import { openTokenDialog } from "./token-dialog.mjs";
import { TABS } from "./views.mjs";

/** More locations are chosen from a page of their own. */
const PICKER_MAX = 8;

const SHOW_PROGRESS_MS = 200;
const SAY_WHAT_MS = 2000;
const READY_MS = 50;
const ANNOUNCE_MS = 400;
const COPIED_MS = 2500;

/** What is said above an error that leaves nothing else to show, by its status. */
const HEADINGS = { 0: "No answer", 403: "Not allowed", 404: "Nothing here" };

const byId = (id) => document.getElementById(id);

export function createFrame() {
  const view = byId("view");
  // The fragment is the route, so the link cannot lead there by itself.
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    view.focus();
  });
  const slots = { time: el("div", { class: "slot" }), live: el("div", { class: "slot" }) };
  const picker = el("div", { class: "picker" });
  const search = el("div", { class: "search" });
  const account = el("div", { class: "slot" });
  const brand = el("a", { class: "brand", href: "#/" }, "Relata");
  const connection = el("span", { class: "connection", role: "status" });

  /** Makes the header, once it is known what the token may do. */
  function showSession(app) {
    fill(byId("header"), brand, picker, search, slots.time, slots.live, connection, el("div", { class: "actions" },
      button("Copy link", ({ currentTarget }) => copyLink(app, currentTarget)),
      el("a", { class: "button wordy", href: "../docs" }, "API"),
      account,
      button("?", () => openHelp(), { "aria-label": "Help", title: "Help (?)" })));
    fill(search, createSearchBox(app));
    showAccount(app);
  }

  /** Copies the address, of now or of the moment that is shown. */
  function copyLink(app, from) {
    const write = (address) => navigator.clipboard.writeText(address).then(
      () => tellCopied(app, from), () => app.notice(["Copying is not allowed here. The address is ", el("code", null, address)]));
    const head = app.location?.head();
    if (head === undefined || app.route.params.asOf) return write(location.href);
    const fixed = new URL(app.link({ ...app.route, params: { ...app.route.params, asOf: String(head) } }), location.href).href;
    const box = from.getBoundingClientRect();
    return openMenu(box.left, box.bottom, [
      ["As it will be when it is opened", () => write(location.href)],
      [`As of now: event ${number(head)}`, () => write(fixed)],
    ]);
  }

  function tellCopied(app, from) {
    from.textContent = "Link copied";
    setTimeout(() => { from.textContent = "Copy link"; }, COPIED_MS);
    app.announce("Link copied");
  }

  function showAccount(app) {
    fill(account, app.session.auth === "required"
      ? button("Token", () => openTokenDialog(app), { title: `This token may ${app.session.scope}.` })
      : null);
  }

  function showRoute(app) {
    const { route, locations } = app;
    const here = locations.find((one) => one.locationId === route.location);
    brand.href = app.link({ view: "overview" });
    search.hidden = !route.location;
    showTabs(app);
    const wanted = JSON.stringify([route.location, locations.length]);
    if (picker.dataset.shown !== wanted) fill(picker, route.location === undefined ? null : pick(app, here));
    picker.dataset.shown = wanted;
    document.title = [route.object, here?.name ?? route.location, "Relata"].filter(Boolean).join(" · ");
  }

  /** Makes the tabs once: one that has the focus must not go. */
  function showTabs({ link, route, picture, lastLocation }) {
    const tabs = byId("views");
    // Views of all locations lead back to the last one.
    const location = route.location ?? (route.view === "locations" ? undefined : lastLocation);
    tabs.hidden = location === undefined;
    const isOfHere = picture !== undefined && picture.location === location;
    if (!tabs.firstChild) fill(tabs, TABS.map(([name, text]) => el("a", { "data-view": name }, text)));
    for (const tab of /** @type {HTMLCollectionOf<HTMLAnchorElement>} */ (tabs.children)) {
      const view = { view: tab.dataset.view, location };
      tab.href = link(isOfHere && view.view === "graph" ? picture : isOfHere && view.view === "path" ? { ...view, params: endsOf(picture) } : view);
      if (tab.dataset.view === route.view) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
      // Where not all tabs have room, the present one is in sight.
      if (tab.dataset.view === route.view) tabs.scrollLeft = tab.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;
    }
  }

  function pick(app, here) {
    const { locations, route } = app;
    if (locations.length > PICKER_MAX || app.moreLocations) {
      return el("a", { class: "button", href: "#/" }, here?.name ?? route.location);
    }
    const known = here ? locations : [...locations, { locationId: route.location }];
    return el("select", {
      "aria-label": "Location",
      onchange: ({ target }) => app.go({ view: "overview", location: target.value }),
    }, known.map((one) => el("option", { value: one.locationId, selected: one.locationId === route.location },
      one.name ?? one.locationId, one.records === undefined ? "" : ` (${counted(one.records, "record")})`)));
  }

  return {
    view, slots, showSession, showAccount, showRoute,
    ...createProgress(connection), ...createNotices(view),
    emptyView() {
      fill(view);
      const region = el("div", { class: "view" });
      view.append(region);
      view.scrollTop = 0;
      return region;
    },
  };
}

/** Returns where paths begin and end: at the records that are selected in the picture. */
function endsOf({ params }) {
  const isRecord = (id) => !/^(group|link):/.test(id);
  const [from, to] = (params.sel ?? []).filter(isRecord);
  return { from, to };
}

/** Shows that answers are awaited: a bar, after two seconds with words. */
function createProgress(connection) {
  const bar = byId("progress");
  const root = document.documentElement;
  let timers = [];
  const later = (action, milliseconds) => timers.push(setTimeout(action, milliseconds));
  function showPending(pending) {
    timers.forEach(clearTimeout);
    timers = [];
    if (pending.length === 0) {
      later(() => {
        root.dataset.state = "ready";
        bar.hidden = true;
        byId("view").removeAttribute("aria-busy");
      }, READY_MS);
      return;
    }
    root.dataset.state = "loading";
    const waited = performance.now() - pending[0].began;
    later(() => {
      bar.hidden = false;
      byId("view").setAttribute("aria-busy", "true");
    }, Math.max(SHOW_PROGRESS_MS - waited, 0));
    bar.textContent = "";
    later(() => { bar.textContent = `Still asking for ${pending[0].what || "an answer"} (Esc stops)`; }, Math.max(SAY_WHAT_MS - waited, 0));
  }
  function showWaiting(waiting) {
    connection.textContent = !waiting ? "" : waiting.offline
      ? `No connection; trying again in ${waiting.seconds} s`
      : `The server is busy; trying again in ${waiting.seconds} s`;
    root.toggleAttribute("data-offline", Boolean(waiting?.offline));
  }
  return { showPending, showWaiting };
}

function createNotices(view) {
  const notices = byId("notices");
  let announcing;
  function notice(content, kind = "note") {
    const made = el("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status" }, el("span", null, content));
    made.append(button("×", () => made.remove(), { class: "bare", "aria-label": "Close" }));
    // Said once is enough.
    for (const before of notices.children) if (before.textContent === made.textContent) before.remove();
    notices.append(made);
    while (notices.children.length > 4) notices.firstChild.remove();
    return made;
  }
  function showError(error, retry) {
    const known = error?.status !== undefined;
    const text = error?.status === 404 ? "It is not there (any more), or not for this token." : error?.message ?? String(error);
    const details = el("span", null, text, " ");
    if (retry) details.append(button("Try again", retry), " ");
    if (!known) details.append(copyButton(() => `${error?.stack ?? error}\n${location.href}`, "Copy details"));
    if (view.querySelector(".view")?.childElementCount) notice(details, "bad");
    else fill(view, el("div", { class: "view page" }, el("h1", null, known ? HEADINGS[error.status] ?? "Not answered" : "This page has a fault"), el("p", { role: "alert" }, details),
      el("p", null, el("a", { href: "#/" }, "Back to the start"))));
  }
  function announce(text) {
    clearTimeout(announcing);
    announcing = setTimeout(() => { byId("announcements").textContent = text; }, ANNOUNCE_MS);
  }
  return { notice, showError, announce };
}
