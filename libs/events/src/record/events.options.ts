import type { Clock } from '@pikaia/core';

export interface EventsOptions {
  /** Where the relay listens: the connection that wakes it goes there. */
  readonly databaseUrl: string;
  /** The server shows the waking connection as `<applicationName>-wake`. */
  readonly applicationName: string;
  readonly clock: Clock;
}

export const EVENTS_OPTIONS = Symbol('pikaia.events');
