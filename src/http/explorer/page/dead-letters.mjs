/** Dead letters by what is wrong with them, and their bodies as text. */

import { nodeOf } from "./object-kinds.mjs";

/** Bytes of a body that is no text that are shown. */
export const HEX_MAX = 4096;

const HEX_WIDTH = 16;

/**
 * @typedef {object} LetterGroup
 * @property {string} code @property {string | null} field @property {string} reason
 * @property {any[]} letters newest first
 */

/**
 * Groups dead letters by their reason, the largest group first.
 * @param {any[]} letters
 * @returns {LetterGroup[]}
 */
export function groupLetters(letters) {
  const groups = new Map();
  for (const letter of letters) {
    const { code, field, reason } = letter;
    const key = JSON.stringify([code, field, reason]);
    if (!groups.has(key)) groups.set(key, { code, field, reason, letters: [] });
    groups.get(key).letters.push(letter);
  }
  for (const group of groups.values()) group.letters.sort((a, b) => b.id - a.id);
  return [...groups.values()].sort((a, b) => b.letters.length - a.letters.length || b.letters[0].id - a.letters[0].id);
}

/** Returns JSON with a member a line, and other texts as they are. */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Returns the bytes of a letter's body. */
export function bodyBytes({ body, bodyBase64 }) {
  if (bodyBase64 === undefined) return new TextEncoder().encode(body);
  return Uint8Array.from(atob(bodyBase64), (character) => character.charCodeAt(0));
}

/** Writes the first bytes in hexadecimal, with what of them is text beside. */
export function hexadecimal(bytes) {
  const lines = [];
  for (let at = 0; at < Math.min(bytes.length, HEX_MAX); at += HEX_WIDTH) {
    const some = [...bytes.slice(at, Math.min(at + HEX_WIDTH, HEX_MAX))];
    const hex = some.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = some.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex.padEnd(HEX_WIDTH * 3)} ${text}`);
  }
  return lines.join("\n");
}

/**
 * Says how a delivery would be read, and what it would do.
 * @param {{ reading: any, effect: any, answer: number }} examination answer of the doctor
 * @returns {[string, string][]} names and values
 */
export function verdict({ reading, effect, answer }) {
  const of = (end) => (end ? nodeOf(end) : null);
  /** @type {[string, string | null | undefined][]} */
  const lines = [
    ["Can be used", reading.ok ? "yes" : "no"],
    ["Why not", reading.reason], ["Field at fault", reading.field],
    ["Event", reading.event], ["Location", reading.locationId], ["Concerns", reading.id],
    ["Association", reading.association], ["First", of(reading.first)], ["Second", of(reading.second)], ["Sent", reading.at],
    ["Effect", effect ? (effect.reason ? `${effect.status}: ${effect.reason}` : effect.status) : null],
    ["Answer", String(answer)],
  ];
  return lines.flatMap(([name, value]) => (value ? [/** @type {[string, string]} */ ([name, value])] : []));
}
