import type { Clock } from '@pikaia/core';
import type { DatabaseAddress } from '@pikaia/database';

export interface EventsOptions {
  /** The database in which the relay listens. `OutboxWaker` connects to it. */
  readonly databaseUrl: DatabaseAddress;
  /** PostgreSQL shows the connection of `OutboxWaker` as `<applicationName>-wake`. */
  readonly applicationName: string;
  readonly clock: Clock;
  /** Signs the tokens of `runWithToken`. */
  readonly tokenKey?: string | Uint8Array | undefined;
}

export const EVENTS_OPTIONS = Symbol('pikaia.events');
