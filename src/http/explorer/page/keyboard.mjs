/** Keys that work wherever the focus is, and single keys of the view, which can be off. */

import { openHelp, singleKeys } from "./help-dialog.mjs";

/** Where single keys mean nothing of the view's. */
const ELSEWHERE = "header, nav, aside, dialog, .menu, .tools";

/** @param {any} event */
const isTyping = ({ target }) => target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);

/** @param {EventTarget} target @param {string} places */
const isWithin = (target, places) => target instanceof Element && target.closest(places) !== null;

/** @param {import("./main.mjs").App} app */
export function listenToKeys(app) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const modified = event.ctrlKey || event.metaKey;
    if (modified && event.key.toLowerCase() === "z" && !isTyping(event)) {
      event.preventDefault();
      if (event.shiftKey) history.forward();
      else if (app.depth() > 0) history.back();
      return;
    }
    if (event.key === "Escape") app.keys.Escape?.(event);
    if (!singleKeys.on || modified || event.altKey || isTyping(event)) return;
    if (event.key === "/") {
      event.preventDefault();
      document.getElementById("search")?.focus();
    } else if (event.key === "?") {
      event.preventDefault();
      openHelp();
    } else if (app.location && Object.hasOwn(app.keysEverywhere, event.key)) {
      app.keysEverywhere[event.key](event);
    } else if (event.key !== "Escape" && Object.hasOwn(app.keys, event.key) && !isWithin(event.target, ELSEWHERE)) {
      app.keys[event.key](event);
    }
  });
}
