import { IsInt, Matches, Max, Min, ValidateBy, type ValidationArguments, type ValidationOptions } from 'class-validator';
import { Setting } from '@pikaia/core';
import type { Retention } from '../housekeeping/housekeeping.task.js';

const DAY_MS = 86_400_000;
const SINK_NAME = '[a-z][a-z0-9]*(?:[-/][a-z0-9]+)*'; // lower-case words and digits, joined by hyphens or slashes

export class OutboxSettings {
  @Setting('EVENT_SINKS', {
    about: 'where events go, comma-separated: local, eventbridge, or the names of your own sinks',
    default: 'local',
  })
  @Matches(new RegExp(`^${SINK_NAME}( *, *${SINK_NAME})*$`), { message: 'eventSinks must be names separated by commas' })
  eventSinks!: string;

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
    about: 'milliseconds without a leader after which a sink is reported',
    default: '60000',
  })
  @IsInt()
  @Min(100)
  @Max(3_600_000)
  outboxLeaderlessAlarmMs!: number;

  @Setting('OUTBOX_STALLED_AFTER_MS', {
    about: 'milliseconds without progress after which a sink that has events counts as not advancing',
    default: '60000',
  })
  @IsInt()
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
  @IsAbove(['outboxRetentionDays', 'outboxFailedRetentionDays'], {
    message:
      'outboxReceiptRetentionDays must be above OUTBOX_RETENTION_DAYS and OUTBOX_FAILED_RETENTION_DAYS, or effects could repeat',
  })
  @Max(3650)
  outboxReceiptRetentionDays!: number;

  @Setting('OUTBOX_HOUSEKEEPING_INTERVAL_MS', {
    about: 'milliseconds between two runs of housekeeping',
    default: '3600000',
  })
  @IsInt()
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

/** Validates that the value is above other properties of the same class. Ignores properties that are not numbers. */
function IsAbove(properties: readonly string[], options: ValidationOptions): PropertyDecorator {
  const validate = (value: unknown, args?: ValidationArguments): boolean => {
    const others = args?.object as Readonly<Record<string, unknown>>;
    return properties.every((property) => !((others[property] as number) >= (value as number)));
  };
  return ValidateBy({ name: 'isAbove', validator: { validate } }, options);
}
