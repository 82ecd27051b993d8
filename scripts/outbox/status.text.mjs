import { painter, printable } from '../explain/terminal.mjs';
import { ageText, bytesText, countText, table } from './table.text.mjs';

/** Renders the status of the outbox: a table of sinks, a warning for each problem, and the slots of the log. */
export function statusText({ sinks, slots }, terminal) {
  const paint = painter(terminal);
  const head = ['SINK', 'STATE', 'LEADER', 'BACKLOG', 'LAG', 'LAST MINUTE', 'RETRYING', 'WAITING', 'FAILED'];
  const rows = sinks.map((sink) => [
    sink.name,
    (sink.failing_since || sink.leader_failing_since) && sink.state === 'active' ? 'failing' : sink.state,
    sink.state === 'retired' ? '' : (sink.leader?.worker ?? 'none'),
    countText(sink.backlog),
    sink.lag_ms === null ? '' : ageText(sink.lag_ms),
    String(sink.accepted_last_minute),
    countText(sink.retrying),
    countText(sink.waiting),
    countText(sink.failed),
  ]);
  const warnings = sinks.flatMap((sink) =>
    warningsOf(sink).map((warning) => paint('yellow', `  ${sink.name}: ${printable(warning)}`)),
  );
  const used = slots.filter(({ newest }) => newest !== null);
  const heldSlots = used.filter((slot) => slot.not_handed_over_to.length);
  const size = used.reduce((sum, { bytes }) => sum + bytes, 0);
  const log = `Log: ${bytesText(size)} in ${used.length} of ${slots.length} slots${heldSlots.length ? '' : ', all handed over'}.`;
  const slotLines = heldSlots.map(
    (slot) => `  slot ${slot.slot}, since ${slot.oldest}: not handed over to ${slot.not_handed_over_to.join(', ')}`,
  );
  return [table([head, ...rows]), ...warnings, '', log, ...slotLines].join('\n');
}

function warningsOf(sink) {
  const { state, leader, last_stored_at: stored, failing_since: since, last_error: error, failed, waiting } = sink;
  if (state === 'retired') return [];
  return [
    ...(leader
      ? []
      : [
          `no worker leads it; a leader last stored its cursor ${stored ? `at ${stored}` : 'never'}. Start its worker, or: npm run outbox -- retire`,
        ]),
    ...(sink.leader_failing_since
      ? [`its leader starts and fails again and again since ${sink.leader_failing_since}: ${sink.leader_error}`]
      : []),
    ...(since ? [`unreachable since ${since}: ${error}`] : []),
    ...(failed
      ? [`${countText(failed)} failed${waiting ? `, ${countText(waiting)} wait behind` : ''}: npm run outbox -- failed`]
      : []),
  ];
}
