import { painter, printable } from '../explain/terminal.mjs';
import { ageText, bytesText, countText, table } from './table.text.mjs';

/** How the outbox is, for a person. */
export function statusText({ sinks, slots }, terminal) {
  const paint = painter(terminal);
  const head = ['SINK', 'STATE', 'LEADER', 'BACKLOG', 'LAG', 'LAST MINUTE', 'RETRYING', 'WAITING', 'FAILED'];
  const rows = sinks.map((sink) => [
    sink.name,
    (sink.failing_since || sink.leader_failing_since) && sink.state === 'active' ? 'failing' : sink.state,
    sink.state === 'retired' ? '' : (sink.leader?.worker ?? 'nobody'),
    countText(sink.backlog),
    sink.lag_ms === null ? '' : ageText(sink.lag_ms),
    String(sink.accepted_last_minute),
    countText(sink.retrying),
    countText(sink.waiting),
    countText(sink.failed),
  ]);
  const remarks = sinks.flatMap((sink) =>
    remarksOn(sink).map((remark) => paint('yellow', `  ${sink.name}: ${printable(remark)}`)),
  );
  const used = slots.filter(({ newest }) => newest !== null);
  const held = used.filter((slot) => slot.not_handed_over_to.length);
  const size = used.reduce((sum, { bytes }) => sum + bytes, 0);
  const log = `Log: ${bytesText(size)} in ${used.length} of ${slots.length} slots${held.length ? '' : ', all of it handed over'}.`;
  const slotLines = held.map(
    (slot) => `  slot ${slot.slot}, since ${slot.oldest}: not handed over to ${slot.not_handed_over_to.join(', ')}`,
  );
  return [table([head, ...rows]), ...remarks, '', log, ...slotLines].join('\n');
}

function remarksOn(sink) {
  const { state, leader, last_stored_at: stored, failing_since: since, last_error: error, failed, waiting } = sink;
  if (state === 'retired') return [];
  return [
    ...(leader
      ? []
      : [`nobody leads it; last sign of a leader ${stored ?? 'never'}. Start its worker, or: npm run outbox -- retire`]),
    ...(sink.leader_failing_since
      ? [`its leader starts and fails again and again since ${sink.leader_failing_since}: ${sink.leader_error}`]
      : []),
    ...(since ? [`not reached since ${since}: ${error}`] : []),
    ...(failed
      ? [`${countText(failed)} failed${waiting ? `, ${countText(waiting)} wait behind` : ''}: npm run outbox -- failed`]
      : []),
  ];
}
