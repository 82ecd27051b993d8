import type { ReplayFilter } from '../commands/command.js';

/** All statuses of an event. */
export const EVENT_STATUSES = ['pending', 'retrying', 'waiting', 'failed', 'skipped', 'published', 'not_wanted'] as const;

/**
 * The status of an event across all sinks that are not retired. If it differs between sinks, the first of `failed`, `pending`,
 * `retrying`, `waiting`, `skipped` and `published` that any sink has.
 */
export type EventStatus = (typeof EVENT_STATUSES)[number];

/** Selects events. An event must match all given fields. */
export interface EventFilter extends Omit<ReplayFilter, 'status' | 'error' | 'event_ids'> {
  readonly status?: EventStatus;
  /** A sink. `status` is then that at this sink. Without a status, selects the events that the sink receives. */
  readonly sink?: string;
  /** A substring of the last error of any sink, case-insensitive. */
  readonly error?: string;
}

/**
 * The events that a reader may see: those of one organization or, for operators of the platform, all. Operators see personal data
 * masked.
 */
export type EventScope = { readonly organization: string } | { readonly operator: true };
