import { IsInt, Matches, Max, Min, ValidateBy, type ValidationArguments } from 'class-validator';
import { OptionalField, Setting } from '@pikaia/core';
import { MAX_INTERVAL_FACTOR } from './housekeeping.loop.js';
import type { Retention } from '../housekeeping/housekeeping.task.js';

const DAY_MS = 86_400_000;
const SINK_NAME = '[a-z][a-z0-9]*(?:[-/][a-z0-9]+)*'; // lower-case words and digits, joined by hyphens or slashes
const CONSUMER_NAME = '[a-z][a-z0-9]*(?:-[a-z0-9]+)*';
const REUSED_AFTER_DAYS = 11; // the end of a day's partition, one of 12, until the partition is used again

/** An idle leader runs its tasks at each poll and at each ping. */
const idleStepMs = ({ outboxPollIntervalMs: poll, outboxLeaderTimeoutMs: timeout }: OutboxSettings): number =>
  Math.min(poll, timeout / 3);

export class OutboxSettings {
  @Setting('EVENT_SINKS', {
    about: 'where events go, comma-separated: local, log, eventbridge, or the names of your own sinks',
    default: 'local',
  })
  @Matches(new RegExp(`^${SINK_NAME}( *, *${SINK_NAME})*$`), { message: 'eventSinks must be names separated by commas' })
  eventSinks!: string;

  @Setting('EVENT_CONSUMERS', {
    about: 'consumers that the sink local runs in this process, comma-separated; if absent, all consumers of the application',
  })
  @OptionalField()
  @Matches(new RegExp(`^${CONSUMER_NAME}( *, *${CONSUMER_NAME})*$`), {
    message: 'eventConsumers must be names of consumers separated by commas',
  })
  eventConsumers?: string;

  @Setting('OUTBOX_POLL_INTERVAL_MS', {
    about: 'milliseconds between two reads of the log without a notification',
    default: '1000',
  })
  @IsInt()
  @Min(10)
  @Max(60_000)
  outboxPollIntervalMs!: number;

  @Setting('OUTBOX_STORE_INTERVAL_MS', {
    about: 'milliseconds between two stores of a cursor; a crash can redeliver the events of this time',
    default: '50',
  })
  @IsInt()
  @Agrees(
    ({ outboxStoreIntervalMs: store, outboxLeaderTimeoutMs: timeout }) => !(store > timeout),
    ({ outboxLeaderTimeoutMs: timeout }) =>
      `must not be above OUTBOX_LEADER_TIMEOUT_MS, which is ${timeout}, or a new leader repeats the events of a longer time than it waited: lower it, or raise OUTBOX_LEADER_TIMEOUT_MS`,
  )
  @Min(0)
  @Max(10_000)
  outboxStoreIntervalMs!: number;

  @Setting('OUTBOX_LEADER_TIMEOUT_MS', {
    about: 'milliseconds without contact after which another worker takes over a sink',
    default: '15000',
  })
  @IsInt()
  @Min(500)
  @Max(300_000)
  outboxLeaderTimeoutMs!: number;

  @Setting('OUTBOX_LEADERLESS_ALARM_MS', {
    about: 'milliseconds without a leader after which a sink is reported; at least OUTBOX_LEADER_TIMEOUT_MS',
    default: '60000',
  })
  @IsInt()
  @Agrees(
    ({ outboxLeaderlessAlarmMs: alarm, outboxLeaderTimeoutMs: timeout }) => !(alarm < timeout),
    ({ outboxLeaderTimeoutMs: timeout }) =>
      `must not be below OUTBOX_LEADER_TIMEOUT_MS, which is ${timeout}, or a change of leader is reported as a sink without one: raise it, or lower OUTBOX_LEADER_TIMEOUT_MS`,
  )
  @Min(100)
  @Max(3_600_000)
  outboxLeaderlessAlarmMs!: number;

  @Setting('OUTBOX_STALLED_AFTER_MS', {
    about: 'milliseconds without progress after which a sink that has events counts as not advancing; longer than any delivery',
    default: '60000',
  })
  @IsInt()
  @Agrees(
    (settings) => !(settings.outboxStalledAfterMs < 2 * idleStepMs(settings)),
    (settings) =>
      `must be at least ${Math.ceil(2 * idleStepMs(settings))}, twice the time in which an idle leader shows progress: OUTBOX_POLL_INTERVAL_MS, which is ${settings.outboxPollIntervalMs}, or a third of OUTBOX_LEADER_TIMEOUT_MS, which is ${settings.outboxLeaderTimeoutMs}. Raise it, or lower one of the two`,
  )
  @Min(100)
  @Max(3_600_000)
  outboxStalledAfterMs!: number;

  @Setting('OUTBOX_RETENTION_DAYS', {
    about:
      'days that an event is kept, and longer until every sink has settled it; at most 10, because the log has 12 partitions',
    default: '7',
  })
  @IsInt()
  @Min(1)
  @Max(10)
  outboxRetentionDays!: number;

  @Setting('OUTBOX_FAILED_RETENTION_DAYS', {
    about: 'days that failed deliveries are kept, and commands and replays after they are done',
    default: '30',
  })
  @IsInt()
  @Min(1)
  @Max(3650)
  outboxFailedRetentionDays!: number;

  @Setting('OUTBOX_RECEIPT_RETENTION_DAYS', {
    about: 'days that receipts are kept; longer than any event can be redelivered',
    default: '90',
  })
  @IsInt()
  @Agrees(
    ({ outboxReceiptRetentionDays: receipts, outboxRetentionDays: log, outboxFailedRetentionDays: failed }) =>
      !(receipts <= log || receipts <= failed),
    () => 'must be above OUTBOX_RETENTION_DAYS and OUTBOX_FAILED_RETENTION_DAYS, or effects could repeat',
  )
  @Max(3650)
  outboxReceiptRetentionDays!: number;

  @Setting('OUTBOX_HOUSEKEEPING_INTERVAL_MS', {
    about: 'milliseconds between two runs of housekeeping',
    default: '3600000',
  })
  @IsInt()
  @Agrees(
    ({ outboxHousekeepingIntervalMs: interval, outboxRetentionDays: days }) =>
      !(days * DAY_MS + MAX_INTERVAL_FACTOR * interval > REUSED_AFTER_DAYS * DAY_MS),
    ({ outboxRetentionDays: days }) =>
      `must not be above ${Math.floor(((REUSED_AFTER_DAYS - days) * DAY_MS) / MAX_INTERVAL_FACTOR)} while OUTBOX_RETENTION_DAYS is ${days}, or a partition of the log is used again before it is emptied: lower one of them`,
  )
  @Min(1000)
  @Max(86_400_000)
  outboxHousekeepingIntervalMs!: number;
}

/** Converts the retention settings to milliseconds. */
export const retentionOf = (settings: OutboxSettings): Retention => ({
  logMs: settings.outboxRetentionDays * DAY_MS,
  failedMs: settings.outboxFailedRetentionDays * DAY_MS,
  receiptMs: settings.outboxReceiptRetentionDays * DAY_MS,
});

/** Validates a setting together with others. `isValid` must accept values that are not numbers, which have their own message. */
function Agrees(
  isValid: (settings: OutboxSettings) => boolean,
  message: (settings: OutboxSettings) => string,
): PropertyDecorator {
  const settingsOf = (args?: ValidationArguments): OutboxSettings => args!.object as OutboxSettings;
  return ValidateBy({
    name: 'agrees',
    validator: {
      validate: (_, args) => isValid(settingsOf(args)),
      defaultMessage: (args) => message(settingsOf(args)),
    },
  });
}
