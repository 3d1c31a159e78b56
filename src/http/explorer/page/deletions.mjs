/** Whether a record was deleted, by the events about it. */

const RANKS = { Create: 0, Update: 1, Delete: 2 };

/** Events about links and declarations, which may carry the id of a record, too. */
const OF_OTHERS = /^(Relation|Association|ObjectSchema)/;

/**
 * Returns the event that deleted a record, if that is the one that holds: of all about the
 * record itself the latest by its own time; of the same time a deletion, and then the last.
 * @param {{ seq: number, type: string, id?: string, timestamp?: string }[]} events
 * @param {string} record
 * @param {number} [until] the last event of the moment that is shown
 */
export function deletionOf(events, record, until = Infinity) {
  const rank = ({ type }) => RANKS[/(Create|Update|Delete)$/.exec(type)?.[1]] ?? -1;
  const own = events.filter((event) => event.id === record && event.seq <= until && !OF_OTHERS.test(event.type) && rank(event) >= 0);
  const time = ({ timestamp }) => (timestamp ? Date.parse(timestamp) : -Infinity);
  const order = (a, b) => (time(a) === time(b) ? rank(a) - rank(b) || a.seq - b.seq : time(a) - time(b));
  const last = own.sort(order).at(-1);
  return last && rank(last) === RANKS.Delete ? last : undefined;
}
