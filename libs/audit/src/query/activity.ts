import type { AggregateReference } from '../entry/aggregate-reference.js';
import type { AuditLogEntry } from './audit-filter.js';

/** `actor`: the person did it. `subject`: another person or a service did it to them. */
export type Involvement = 'actor' | 'subject';

export interface ActivityRequest {
  /** The id of the person as an actor. */
  readonly person: string;
  /** The aggregates that are the person, such as the user and each membership. */
  readonly aggregates: readonly Pick<AggregateReference, 'type' | 'id'>[];
  /** The organizations whose entries are read. The caller checks that the reader may see each of them. */
  readonly organizations: readonly string[];
  /** True for an operator of the platform. Otherwise row-level security limits each read to one of the organizations. */
  readonly asOperator: boolean;
  /** By default both. */
  readonly involvement?: Involvement | undefined;
  /** Inclusive lower bound of the time, ISO 8601 with up to six fraction digits. */
  readonly from?: string | undefined;
  /** Exclusive upper bound, ISO 8601. */
  readonly to?: string | undefined;
  /** `next_cursor` of the previous page, for the same person, reader, involvement and period. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface ActivityEntry extends AuditLogEntry {
  readonly involvement: Involvement;
}

export interface ActivityPage {
  readonly data: readonly ActivityEntry[];
  /** null on the last page. A page can have fewer entries than `limit` and still have a cursor: it ends at 1 MiB. */
  readonly next_cursor: string | null;
}
