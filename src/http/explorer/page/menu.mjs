/** A menu of actions at a place on the page. */

import { el } from "./dom.mjs";

/**
 * Opens a menu; Esc or a click elsewhere closes it.
 * @param {number} x @param {number} y in the window
 * @param {[string, () => void][]} items text and action
 */
export function openMenu(x, y, items) {
  document.querySelector(".menu")?.remove();
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const menu = el("div", { class: "menu", role: "menu", onkeydown: onKey }, items.map(([text, action]) =>
    el("button", { type: "button", role: "menuitem", tabindex: "-1", onclick: () => {
      close();
      action();
    } }, text)));
  const entries = /** @type {HTMLElement[]} */ ([...menu.children]);

  function onKey(event) {
    const at = entries.findIndex((entry) => entry === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) entries.at(to % entries.length).focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function close() {
    if (!menu.isConnected) return;
    menu.remove();
    document.removeEventListener("pointerdown", outside, true);
    before?.focus?.({ preventScroll: true });
  }

  const outside = (event) => { if (!menu.contains(event.target)) close(); };
  document.addEventListener("pointerdown", outside, true);
  document.getElementById("view").append(menu);
  menu.style.left = Math.max(0, Math.min(x, innerWidth - menu.offsetWidth - 4)) + "px";
  menu.style.top = Math.max(0, Math.min(y, innerHeight - menu.offsetHeight - 4)) + "px";
  entries[0]?.focus();
}
