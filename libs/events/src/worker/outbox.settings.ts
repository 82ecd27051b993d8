import { IsInt, Matches, Max, Min, ValidateBy, type ValidationArguments, type ValidationOptions } from 'class-validator';
import { Setting } from '@pikaia/core';
import type { Retention } from '../housekeeping/housekeeping.task.js';

const DAY_MS = 86_400_000;

export class OutboxSettings {
  @Setting('EVENT_SINKS', { about: 'where events go, comma-separated: local, eventbridge', default: 'local' })
  @Matches(/^[a-z]+( *, *[a-z]+)*$/, { message: 'eventSinks must be names separated by commas' })
  eventSinks!: string;

  @Setting('OUTBOX_POLL_INTERVAL_MS', {
    about: 'milliseconds between two reads of the log that nobody asked for',
    default: '1000',
  })
  @IsInt()
  @Min(10)
  @Max(60_000)
  outboxPollIntervalMs!: number;

  @Setting('OUTBOX_STORE_INTERVAL_MS', {
    about: 'milliseconds between two stored cursors of a sink: what a kill may deliver again',
    default: '50',
  })
  @IsInt()
  @Min(0)
  @Max(10_000)
  outboxStoreIntervalMs!: number;

  @Setting('OUTBOX_LEADER_TIMEOUT_MS', {
    about: 'milliseconds of silence after which another worker takes a sink over',
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
    about: 'days that events are kept which every sink has had; ten at most, since the log has twelve partitions',
    default: '7',
  })
  @IsInt()
  @Min(1)
  @Max(10)
  outboxRetentionDays!: number;

  @Setting('OUTBOX_FAILED_RETENTION_DAYS', {
    about: 'days that failed deliveries are kept for a decision, and commands and replays that are done',
    default: '30',
  })
  @IsInt()
  @Min(1)
  @Max(3650)
  outboxFailedRetentionDays!: number;

  @Setting('OUTBOX_RECEIPT_RETENTION_DAYS', {
    about: 'days that receipts are kept: longer than anything that may be delivered again',
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
    about: 'milliseconds between two looks for what need not be kept',
    default: '3600000',
  })
  @IsInt()
  @Min(1000)
  @Max(86_400_000)
  outboxHousekeepingIntervalMs!: number;
}

/** The retentions in milliseconds. */
export const retentionOf = (settings: OutboxSettings): Retention => ({
  logMs: settings.outboxRetentionDays * DAY_MS,
  failedMs: settings.outboxFailedRetentionDays * DAY_MS,
  receiptMs: settings.outboxReceiptRetentionDays * DAY_MS,
});

/** Above other properties of the same class, as far as those are numbers. */
function IsAbove(properties: readonly string[], options: ValidationOptions): PropertyDecorator {
  const validate = (value: unknown, args?: ValidationArguments): boolean => {
    const others = args?.object as Readonly<Record<string, unknown>>;
    return properties.every((property) => !((others[property] as number) >= (value as number)));
  };
  return ValidateBy({ name: 'isAbove', validator: { validate } }, options);
}
