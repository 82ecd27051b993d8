import { redactText } from '@pikaia/core';
import { failed, passed, skipped, warning, type Check, type CheckResult } from '@pikaia/database/doctor';
import { MAX_COUNT, SINK_STATUS } from '../admin/status.sql.js';
import { consumerDeclarationOf } from '../consume/consumer.decorator.js';
import { localSinkOf } from '../consume/consumer.definition.js';
import { IS_LED, LOCK_CLASS } from '../log/sink-lock.js';

const MAX_LEADERLESS_MS = 60_000; // the default of OUTBOX_LEADERLESS_ALARM_MS

interface SinkRow {
  readonly name: string;
  readonly state: string;
  readonly observer: boolean;
  readonly led: boolean;
  readonly abandoned: boolean;
  readonly leader_failing_since: Date | null;
  readonly leader_error: string | null;
  readonly lag_ms: number | null;
}

/** Checks that a worker leads each sink. The severity is that of the consequences: whether events wait. */
export const sinksCheck: Check = {
  name: 'sinks',
  async run({ query }) {
    const rows = await query<SinkRow>(SINK_STATUS, [LOCK_CLASS, MAX_COUNT]);
    const sinks = rows.filter(({ state }) => state !== 'retired');
    if (!sinks.length) {
      return warning(
        'No sink is registered: no worker has run with this database.',
        'Start the worker. Until then events are stored and not delivered.',
      );
    }
    const problems = sinks.flatMap((sink) => sinkProblem(sink) ?? []);
    return problems.length ? problems : passed(`A worker leads each sink: ${sinks.map(({ name }) => name).join(', ')}.`);
  },
};

function sinkProblem({ name, observer, led, abandoned, lag_ms: lagMs, ...leader }: SinkRow): CheckResult | undefined {
  if (leader.leader_failing_since !== null) {
    return failed(
      `The leaders of the sink ${name} have failed to start since ${leader.leader_failing_since.toISOString()}: ${redactText(leader.leader_error ?? 'unknown')}.`,
      'Correct what the error names. The log lines of the worker have its stack.',
    );
  }
  if (led) return undefined;
  if (abandoned) {
    return warning(
      `No worker has the sink ${name}, while workers lead other sinks.`,
      `If EVENT_SINKS and the consumers no longer name it, retire it: OutboxOperations, or npm run outbox -- retire ${name} --yes. Otherwise start a worker with it.`,
    );
  }
  const text = `No worker leads the sink ${name}`;
  const cure = 'Start the worker, or run a pass if you deliver from cron, and look for errors in its log lines.';
  if (observer || lagMs === null) return warning(`${text}; no event waits for it.`, cure);
  const result = lagMs < MAX_LEADERLESS_MS ? warning : failed;
  return result(`${text}, and its oldest event has waited ${Math.round(lagMs / 1000)} s.`, cure);
}

// Consumers, and what tells that they ran: a leader, a cursor after the start of their sink, or a receipt. $1: lock class, $2: the prefix
// of their sinks, $3: declared consumers, which can also run in a Lambda. Index: primary keys, with one probe for each consumer.
const CONSUMERS = `
  with consumers (name, is_registered, is_led) as (
    select substr(s.name, length($2) + 1), true, ${IS_LED} from outbox.outbox_sink s where s.state <> 'retired' and starts_with(s.name, $2)
    union
    select declared, false, false from unnest($3::text[]) declared
    where not exists (select from outbox.outbox_sink where name = $2 || declared))
  select name, is_registered, is_led
      or exists (select from outbox.outbox_progress where sink = $2 || name and number > 0)
      or exists (select from outbox.consumer_receipt where consumer = name) as has_run
  from consumers order by name`;

interface ConsumerRow {
  readonly name: string;
  readonly is_registered: boolean;
  readonly has_run: boolean;
}

/** Finds consumers that never ran. */
export const consumersCheck: Check = {
  name: 'consumers',
  async run({ query, exported }) {
    const declared = exported.flatMap((type) => consumerDeclarationOf(type)?.name ?? []);
    const consumers = await query<ConsumerRow>(CONSUMERS, [LOCK_CLASS, localSinkOf(''), declared]);
    if (!consumers.length) return skipped('No worker has registered a consumer.');
    const idle = consumers.filter(({ has_run }) => !has_run);
    if (!idle.length) return passed(`Every consumer has run: ${consumers.map(({ name }) => name).join(', ')}.`);
    return idle.map(({ name, is_registered }) =>
      is_registered
        ? warning(`The consumer ${name} is registered and never ran.`, 'Start a worker whose EVENT_CONSUMERS, if set, names it.')
        : warning(
            `The consumer ${name} is declared, and no worker has registered it.`,
            'List its class as a provider of the worker, name it in EVENT_CONSUMERS if that is set, and start the worker.',
          ),
    );
  },
};
