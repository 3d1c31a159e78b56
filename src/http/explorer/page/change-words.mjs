/** What a change is, in words. */

import { kindName } from "./object-kinds.mjs";

/** What happened, by the end of the event type. */
const HAPPENED = { Create: "added", Update: "changed", Delete: "removed" };

/** A record is deleted in the CRM; that people remove it from a picture is something else. */
const HAPPENED_TO_RECORD = { ...HAPPENED, Delete: "deleted" };

const SIGNS = { Create: "+", Update: "~", Delete: "−" };

/** Returns the end of an event type that says what happened. */
export const ending = ({ type }) => /(Create|Update|Delete)$/.exec(type)?.[1] ?? "Update";

/**
 * Returns what a change is about, what happened and a sign of it.
 * @param {any} change as the feed sends it
 * @param {Map<string, object>} kinds
 */
export function changeWords(change, kinds) {
  const subject = change.relation !== undefined ? "Link"
    : change.association !== undefined ? "Association"
    : change.record !== undefined ? (change.object ? kindName(kinds, change.object) : "Record")
    : change.object !== undefined ? `Kind ${kindName(kinds, change.object)}`
    : "Location";
  const end = ending(change);
  const isOfRecord = change.record !== undefined && change.relation === undefined;
  return { text: `${subject} ${(isOfRecord ? HAPPENED_TO_RECORD : HAPPENED)[end]}`, sign: SIGNS[end], mark: HAPPENED[end] };
}

/**
 * Returns the records that a change is about, each with its role, if it has one.
 * @returns {{ record: any, label?: string | null }[]}
 */
export function recordsOf(change) {
  if (change.relation !== undefined) {
    return [{ record: change.first, label: change.firstLabel }, { record: change.second, label: change.secondLabel }].filter(({ record }) => record);
  }
  if (change.record !== undefined && change.object) return [{ record: { object: change.object, record: change.record, name: change.name } }];
  return [];
}
