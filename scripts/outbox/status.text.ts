import type { OutboxStatusView, SinkStatus, WorkerStatus } from '@pikaia/events';
import { painter, printable, type Terminal } from '../explain/terminal.ts';
import type { FromJson } from './api.client.ts';

/** Renders the status of the outbox: a table of sinks, a warning for each problem, the workers, and the slots of the log. */
export function statusText({ sinks, workers, slots }: FromJson<OutboxStatusView>, terminal: Terminal): string {
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
  const workerLines = workers.map((worker) => `  ${printable(workerText(worker))}`);
  return [tableText([head, ...rows]), ...warnings, '', `Workers: ${workers.length}`, ...workerLines, log, ...slotLines].join(
    '\n',
  );
}

function warningsOf(sink: FromJson<SinkStatus>): string[] {
  const { state, leader, failing_since: since, last_error: error, failed, waiting, unhandled } = sink;
  if (state === 'retired') return [];
  return [
    ...(leader ? [] : [leaderlessText(sink)]),
    ...(sink.leader_failing_since
      ? [`its leader starts and fails again and again since ${sink.leader_failing_since}: ${sink.leader_error}`]
      : []),
    ...(since ? [`unreachable since ${since}: ${error}`] : []),
    ...unhandled.map(
      ({ event_type: type, schema_version: version, count }) =>
        `${countText(count)} of ${type} version ${version} ${count === 1 ? 'waits' : 'wait'} for a worker that handles it`,
    ),
    ...(failed
      ? [`${countText(failed)} failed${waiting ? `, ${countText(waiting)} wait behind` : ''}: npm run outbox -- failed`]
      : []),
  ];
}

function workerText({
  worker,
  version,
  started_at: started,
  reported_at: reported,
  is_silent: silent,
  leads,
  sinks,
}: FromJson<WorkerStatus>): string {
  const state = silent ? `silent since ${reported}` : `running since ${started}`;
  return `${worker}${version === null ? '' : ` version ${version}`}, ${state}, leads ${leads.length} of its ${sinks.length} sinks`;
}

function leaderlessText({ name, abandoned, last_stored_at: stored }: FromJson<SinkStatus>): string {
  const since = `a leader last stored its cursor ${stored ? `at ${stored}` : 'never'}`;
  return abandoned
    ? `no running worker has it; ${since}. Start a worker with it. If EVENT_SINKS or the consumers no longer name it: npm run outbox -- retire ${name} --yes`
    : `no worker leads it; ${since}. A worker may be starting.`;
}

/** Aligns rows in columns. The first row is the header. */
function tableText(rows: readonly string[][]): string {
  const printableRows = rows.map((row) => row.map(printable));
  const widths = printableRows[0]!.map((_, column) => Math.max(...printableRows.map((row) => row[column]!.length)));
  return printableRows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The API stops counting at 10 001, which means more than 10 000. */
const countText = (count: number): string => (count > 10_000 ? '>10000' : String(count));

function ageText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

const bytesText = (bytes: number): string =>
  bytes < 1_048_576 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`;
