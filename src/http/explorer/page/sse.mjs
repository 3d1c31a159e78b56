/**
 * Reads server-sent events out of the bytes of a response. The page does not use `EventSource`:
 * it cannot send a token.
 */

/** A longer event ends the connection: no change is that large. Characters. */
const EVENT_MAX = 16 * 1024 * 1024;

/**
 * @typedef {object} ServerEvent
 * @property {string} type "message" if the server gave none
 * @property {string} data
 * @property {string} lastEventId
 */

/**
 * Creates a parser.
 * @param {(event: ServerEvent) => void} onEvent
 * @param {string} [lastEventId] where an earlier connection ended
 */
export function createEventParser(onEvent, lastEventId = "") {
  // The decoder drops the mark of byte order and joins characters that chunks divide.
  const decoder = new TextDecoder();
  let pending = "";
  let endsWithReturn = false;
  let [type, data, id, size] = ["", [], lastEventId, 0];
  const parser = {
    /** The id to resume from: that of the last event that was complete. */
    lastEventId,

    /** Milliseconds to wait before the next connection, if the server gave them. */
    retry: /** @type {number | undefined} */ (undefined),

    /**
     * Takes the next bytes.
     * @param {Uint8Array} bytes
     */
    push(bytes) {
      let text = decoder.decode(bytes, { stream: true });
      if (text === "") return;
      // A line feed may come in the chunk after its carriage return.
      if (endsWithReturn && text.startsWith("\n")) text = text.slice(1);
      endsWithReturn = text === "" ? false : text.endsWith("\r");
      const lines = text.split(/\r\n|\r|\n/);
      for (let at = 0; at < lines.length; at += 1) {
        pending += lines[at];
        if (size + pending.length > EVENT_MAX) throw new RangeError("The event is too long.");
        if (at + 1 === lines.length) break;
        const line = pending;
        pending = "";
        take(line);
      }
    },
  };

  /** Takes one line. @param {string} line */
  function take(line) {
    if (line === "") return dispatch();
    size += line.length + 1;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") data.push(value);
    else if (field === "event") type = value;
    else if (field === "id" && !value.includes("\0")) id = value;
    else if (field === "retry" && /^[0-9]+$/.test(value)) parser.retry = Number(value);
  }

  /** Ends an event. One without data only moves the id. */
  function dispatch() {
    const event = { type: type || "message", data: data.join("\n"), lastEventId: id };
    const isEmpty = data.length === 0;
    parser.lastEventId = id;
    [type, data, size] = ["", [], 0];
    if (!isEmpty) onEvent(event);
  }

  return parser;
}
