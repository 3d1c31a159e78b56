/** Dialogs. */

import { button, el } from "./dom.mjs";

/**
 * Opens a dialog, which Esc closes.
 * @param {string} title
 * @param {(close: (result?: any) => void) => (string | Node)[]} content
 * @returns {Promise<any>} what it was closed with; `undefined` by Esc
 */
export function openDialog(title, content) {
  return new Promise((resolve) => {
    let result;
    const close = (given) => {
      result = given;
      dialog.close();
    };
    const dialog = el("dialog", { "aria-label": title, onclose: () => {
      dialog.remove();
      resolve(result);
    } }, el("h2", null, title));
    // First, so that it has the focus unless the content asks for it: a long dialog shows its title then.
    dialog.append(button("×", () => close(), { class: "bare close", "aria-label": "Close" }), ...content(close));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * Asks what to do.
 * @param {[string, unknown][]} choices text and result of each; Cancel is added
 */
export function choose(title, text, choices) {
  return openDialog(title, (close) => [
    el("p", null, text),
    el("div", { class: "row" }, choices.map(([name, result], at) => button(name, () => close(result), { class: at === 0 ? "main" : null, autofocus: at === 0 })),
      button("Cancel", () => close())),
  ]);
}
