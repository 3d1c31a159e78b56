/** One dead letter: its body, its headers, how it would be read, what can be done with it. */

import { isStopped } from "./api-client.mjs";
import { button, code, counted, el, fill, named } from "./dom.mjs";
import { bodyBytes, hexadecimal, HEX_MAX, pretty, verdict } from "./dead-letters.mjs";

/**
 * Makes the details of a letter, which ask for its body.
 * @param {import("./main.mjs").App} app
 * @param {any} line of the list
 * @param {AbortSignal} signal
 * @param {(error: any) => void} onFail
 */
export function createLetterPanel(app, line, signal, onFail) {
  const path = ["v1", "dead-letters", String(line.id)];
  const content = el("div");
  const diagnosis = el("div", { role: "status" });
  const element = el("div", { class: "letter card" }, content, diagnosis);

  const guard = (promise) => promise.catch((error) => isStopped(error) || signal.aborted || onFail(error));

  async function load() {
    const letter = await app.api.get(path, {}, { signal, what: "the dead letter" });
    const bytes = bodyBytes(letter);
    const isText = letter.bodyBase64 === undefined;
    fill(content,
      el("p", null, letter.field ? ["Field at fault: ", el("code", null, named(letter.field)), ". "] : "", `${counted(letter.bytes, "byte")}${isText ? "" : ", not text"}.`,
        !isText && bytes.length > HEX_MAX ? ` The first ${HEX_MAX} are shown.` : ""),
      code(isText ? pretty(letter.body) || "(empty)" : hexadecimal(bytes)),
      el("details", null, el("summary", null, "Headers"), el("table", null, el("tbody", null,
        Object.entries(letter.headers).map(([name, value]) => el("tr", null, el("th", { scope: "row" }, name), el("td", { class: "mono" }, named(value))))))),
      el("details", null, el("summary", null, "Requests"), code(app.api.curl("GET", path)), code(app.api.curl("POST", [...path, "replay"]))),
      el("div", { class: "row" }, button("Ask the doctor", ({ currentTarget }) => guard(ask(letter, bytes, currentTarget)), { title: "How would it be read now? Nothing is stored." })));
  }

  async function ask(letter, bytes, from) {
    from.disabled = true;
    try {
      const params = letter.event ? { type: letter.event } : {};
      const answer = await app.api.post(["v1", "doctor"], new Blob([bytes]), { params, signal, what: "the doctor" });
      fill(diagnosis, el("h3", null, "The doctor says"), el("table", null, el("tbody", null,
        verdict(answer).map(([name, value]) => el("tr", null, el("th", { scope: "row" }, name), el("td", null, named(value)))))));
    } finally {
      from.disabled = false;
    }
  }

  guard(load());
  return element;
}
