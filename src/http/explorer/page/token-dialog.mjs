/** Asks for a token, where the server wants one. It is kept in memory unless told otherwise. */

import { button, el } from "./dom.mjs";
import { openDialog } from "./dialog.mjs";

const KEPT_AS = "relata-token";

/** Asks after a refusal; resolves to whether there is another token to try. */
export const askForToken = (app, problem) => open(app, app.api.hasToken() ? problem.message : "");

/** Shows what the token may do, and offers to change or forget it. */
export const openTokenDialog = (app) => open(app, "", app.session);

async function open(app, fault, session) {
  const given = await openDialog(session ? "Token" : "This server asks for a token", (close) => {
    const field = el("input", {
      type: "password", id: "token", autofocus: true, autocomplete: "off", spellcheck: "false", required: true,
      "aria-invalid": fault ? "true" : null, "aria-describedby": "token-fault",
    });
    const keep = el("input", { type: "checkbox" });
    return [el("form", { onsubmit: (event) => {
      event.preventDefault();
      close({ token: field.value.trim(), keep: keep.checked });
    } },
      session ? el("p", null, `The present one may ${session.scope}${session.locations ? ` in ${session.locations.join(", ")}` : ""}.`) : null,
      el("label", null, "Token", field),
      el("p", { id: "token-fault", class: "bad" }, fault),
      el("label", { class: "check" }, keep, "Keep it in this tab until it is closed"),
      el("p", { class: "soft" }, "Get one with ", el("code", null, "relata token new --name explorer --scope read"), ". It is sent to this server alone and appears in no address."),
      el("div", { class: "row" },
        el("button", { class: "main" }, "Use this token"),
        session ? button("Forget the token", () => close({ token: "", keep: false })) : null))];
  });
  if (!given) return false;
  write(given.keep ? given.token : null);
  app.api.setToken(given.token);
  if (session) app.restart();
  return given.token !== "";
}

/** Returns the token that this tab keeps, if any; storage may be forbidden. */
export function keptToken() {
  try {
    return sessionStorage.getItem(KEPT_AS) ?? "";
  } catch {
    return "";
  }
}

function write(token) {
  try {
    if (token === null) sessionStorage.removeItem(KEPT_AS);
    else sessionStorage.setItem(KEPT_AS, token);
  } catch { /* It stays in memory. */ }
}
