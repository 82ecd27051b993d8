import { IsInt, Matches, Max, Min } from 'class-validator';
import { Setting } from '@pikaia/core';

export class OutboxSettings {
  @Setting('EVENT_SINKS', { about: 'where events go, comma-separated: local', default: 'local' })
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
}
