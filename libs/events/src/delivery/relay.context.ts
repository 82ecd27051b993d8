import type { Clock } from '@pikaia/core';
import type { Client } from 'pg';
import type { ReadLimits } from '../log/outbox.reader.js';
import type { PassLimits } from './pass.limits.js';
import type { Sink } from './sink.js';

/** The intervals and limits of a relay. All times are in milliseconds. */
export interface RelaySettings {
  /**
   * Time between two reads without a notification, and between two attempts to become the leader. A standby waits at most a third
   * of `leaderTimeoutMs`, so that the server does not end its session.
   */
  readonly pollIntervalMs: number;
  /** Time between two stores of the cursor. A crash can redeliver the events of this time. */
  readonly storeIntervalMs: number;
  /** Time without a statement after which the server ends the leader's session. */
  readonly leaderTimeoutMs: number;
  /** Time without progress after which a sink with pending events counts as stalled. Default: 1 minute. */
  readonly stalledAfterMs?: number;
  /** Time that a failed delivery is kept after its log row is deleted. Default: 30 days. */
  readonly failedRetentionMs?: number;
  /** Time between two checks for expired deliveries. Default: 1 hour. */
  readonly expiryIntervalMs?: number;
  /** The limits of one read. Reading pauses while the unsettled rows reach these limits. */
  readonly limits?: ReadLimits;
}

/**
 * What the parts of one leadership share. Each class names the fields that it uses. Declared here because `leader` imports
 * `delivery` and not the other way round.
 */
export interface RelayContext extends Required<RelaySettings> {
  readonly sink: Sink;
  /** Host and process id of this worker, as operators see them. */
  readonly worker: string;
  /** The leader's connection, which holds the sink's lock. */
  readonly client: Client;
  /**
   * `now()` is the clock of the database, because other machines compare the times that a leader stores. `monotonic()` measures
   * durations.
   */
  readonly clock: Clock;
  /** Source of jitter: returns a number between 0 and 1. */
  readonly random: () => number;
  /** Present in a bounded pass. */
  readonly passLimits?: PassLimits;
  /** Wakes the relay so that it takes another step. */
  readonly wake: () => void;
}
