/**
 * Requests to this server: at most four at once, each of which can be stopped; refusals that
 * pass are tried again; problems become errors that people can read.
 */

const CONCURRENT_MAX = 4;
const TRIES_MAX = 3;
const WAIT_MAX_S = 30;

/** A refusal, or that there was no answer (`status` 0). */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {{ code?: string, detail?: string, field?: string, retryAfter?: number }} [problem]
   */
  constructor(status, { code = "", detail, field, retryAfter } = {}) {
    super(detail || `The server answered with ${status}.`);
    this.status = status;
    this.code = code;
    this.field = field;
    this.retryAfter = retryAfter;
  }
}

/** Returns whether somebody stopped the request. */
export const isStopped = (error) => error?.name === "AbortError";

/**
 * @typedef {object} RequestOptions
 * @property {unknown} [body] a text, a blob, or what becomes JSON
 * @property {Record<string, unknown>} [params]
 * @property {AbortSignal} [signal]
 * @property {string} [what] is asked for, in words
 * @property {boolean} [changes] something: it is not sent twice
 *
 * @typedef {object} Hooks
 * @property {(pending: { what: string, began: number }[]) => void} onPending
 * @property {(waiting: { offline: boolean, seconds: number } | null) => void} onWaiting
 * @property {(problem: Problem) => Promise<boolean>} onUnauthorized asks for a token;
 *   resolves to whether to try again
 */

/**
 * @param {URL} base the folder above the page
 * @param {Hooks} hooks
 */
export function createApi(base, hooks) {
  let token = "";
  let asking = null;
  const pending = new Set();
  const queue = [];
  let active = 0;

  /** Returns the address of a path, whose segments are given one by one. */
  function address(segments, params = {}) {
    const path = segments.map((segment) => encodeURIComponent(segment)).join("/");
    const fields = Object.entries(params).flatMap(([name, values]) =>
      [].concat(values).filter((value) => value !== undefined && value !== null)
        .map((value) => encodeURIComponent(name) + "=" + encodeURIComponent(value).replace(/%2F/g, "/")));
    return new URL(path + (fields.length ? "?" + fields.join("&") : ""), base);
  }

  const headers = (more) => ({ ...more, ...(token && { authorization: "Bearer " + token }) });

  /** Sends a request once, whatever becomes of it. */
  async function once(method, url, body, signal, more = {}) {
    let answer;
    try {
      answer = await fetch(url, {
        method, signal, credentials: "omit", cache: "no-store",
        headers: headers(body === undefined ? more : { "content-type": "application/json" }),
        body: body === undefined ? undefined : typeof body === "string" || body instanceof Blob ? body : JSON.stringify(body),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Problem(0, { detail: "The server does not answer." });
    }
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => ({}));
    const retryAfter = Number(answer.headers.get("retry-after")) || undefined;
    throw new Problem(answer.status, { ...problem, retryAfter });
  }

  /**
   * Sends a request until it is answered, refused for good or stopped. One that changes
   * something is not sent again after it may have arrived.
   * @param {string} method
   * @param {URL} url
   * @param {RequestOptions} [options]
   * @param {(answer: Response) => any} [read] what of the answer is waited for
   */
  async function ask(method, url, { body, signal, what = "", changes = false } = {}, read = (answer) => answer) {
    const mine = { what, began: performance.now() };
    await turn(signal);
    pending.add(mine);
    hooks.onPending([...pending]);
    try {
      for (let tries = 1; ; tries += 1) {
        try {
          const answer = await once(method, url, body, signal);
          hooks.onWaiting(null);
          return await read(answer);
        } catch (error) {
          if (!(error instanceof Problem) || !await mayRetry(error, tries, changes, signal, mine)) throw error;
        }
      }
    } finally {
      pending.delete(mine);
      hooks.onPending([...pending]);
      next();
    }
  }

  /** Asks once, however many requests were refused. */
  function askForToken(problem) {
    asking ??= hooks.onUnauthorized(problem).finally(() => { asking = null; });
    return asking;
  }

  async function mayRetry(problem, tries, changes, signal, mine) {
    if (problem.status === 401) {
      // Nobody waits for the server while a person looks for a token.
      pending.delete(mine);
      hooks.onPending([...pending]);
      const isGiven = await askForToken(problem);
      pending.add(Object.assign(mine, { began: performance.now() }));
      hooks.onPending([...pending]);
      return isGiven;
    }
    const offline = problem.status === 0;
    const busy = problem.status === 429 || problem.status === 503;
    if (changes || !(offline || (busy && tries <= TRIES_MAX))) return false;
    const seconds = Math.min(problem.retryAfter ?? 2 ** (tries - 1), WAIT_MAX_S);
    hooks.onWaiting({ offline, seconds });
    await pause(seconds * 1000, signal);
    return true;
  }

  async function turn(signal) {
    signal?.throwIfAborted();
    if (active < CONCURRENT_MAX) active += 1;
    else await new Promise((resolve) => queue.push(resolve));
    if (!signal?.aborted) return;
    next();
    throw signal.reason;
  }

  /** Hands the place of a request that has ended to the one that waits longest. */
  function next() {
    const waiting = queue.shift();
    if (waiting) waiting();
    else active -= 1;
  }

  return {
    address,
    headers,
    /** @type {(segments: string[], params?: Record<string, unknown>, options?: RequestOptions) => Promise<any>} */
    get: (segments, params, options) => ask("GET", address(segments, params), options, json),
    /** @type {(segments: string[], body: unknown, options?: RequestOptions) => Promise<any>} */
    post: (segments, body, options = {}) => ask("POST", address(segments, options.params), { ...options, body }, json),
    /**
     * Returns the whole response: for downloads, feeds and requests without an answer.
     * @type {(method: string, segments: string[], options?: RequestOptions) => Promise<Response>}
     */
    send: (method, segments, options = {}) => ask(method, address(segments, options.params), options),
    /**
     * Opens a stream: sent once and beside the queue, in which it would hold a place.
     * @type {(segments: string[], options?: { params?: object, headers?: object, signal?: AbortSignal }) => Promise<Response>}
     */
    open: (segments, { params, headers: more, signal } = {}) => once("GET", address(segments, /** @type {any} */ (params)), undefined, signal, more),
    askForToken,
    hasToken: () => token !== "",
    setToken: (given) => { token = given; },
    /**
     * Returns the command that sends the same request.
     * @param {string} method
     * @param {string[]} segments
     * @param {RequestOptions} [options]
     */
    curl(method, segments, { params, body } = {}) {
      const parts = ["curl -s"];
      if (method !== "GET" && body === undefined) parts.push("-X " + method);
      if (token) parts.push('-H "Authorization: Bearer $TOKEN"');
      if (body !== undefined) parts.push("-H 'content-type: application/json'", "-d " + quote(JSON.stringify(body)));
      return [...parts, quote(address(segments, params).href)].join(" ");
    },
  };
}

const json = (answer) => answer.json();

const quote = (text) => "'" + text.replace(/'/g, "'\\''") + "'";

/** Waits, and ends with an error when the signal says so, or has said so before. */
export async function pause(milliseconds, signal) {
  signal?.throwIfAborted();
  let timer;
  let stop;
  try {
    await new Promise((resolve, reject) => {
      timer = setTimeout(resolve, milliseconds);
      stop = () => reject(signal.reason);
      signal?.addEventListener("abort", stop);
    });
  } finally {
    clearTimeout(timer);
    // A signal may outlive many pauses.
    signal?.removeEventListener("abort", stop);
  }
}
