import type { Shortened } from '@pikaia/core';

/** Selects audit entries. An entry must match all given fields. */
export interface AuditFilter {
  /** An exact action (`member.invited`) or a prefix (`member.*`). */
  readonly action?: string;
  readonly actor_id?: string;
  readonly aggregate_type?: string;
  readonly aggregate_id?: string;
  /** A UUID. */
  readonly correlation_id?: string;
  /** For operators. A reader of an organization finds nothing for another organization. */
  readonly organization_id?: string;
  /** Inclusive lower bound, ISO 8601 with up to six fraction digits. */
  readonly from?: string;
  /** Exclusive upper bound, ISO 8601. */
  readonly to?: string;
  /** The name of a field that changed. */
  readonly changed?: string;
  /** The client's IP address in its normal form. */
  readonly ip_address?: string;
}

/** The records that a reader may see: those of one organization or, for operators of the platform, all. */
export type AuditScope = { readonly organization: string } | { readonly operator: true };

/**
 * An entry as readers see it: the fields of the source document, `id` and `changed`. Erasing a person removes the personal
 * values.
 */
export interface AuditLogEntry {
  readonly id: string;
  readonly action: string;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  /** `platform` if the record belongs to no organization. */
  readonly organization_id: string;
  readonly actor_id: string;
  readonly actor_email: string | null;
  readonly correlation_id: string;
  /** Null if `shortened` is set. */
  readonly diff: { readonly old: Record<string, unknown> | null; readonly new: Record<string, unknown> | null } | null;
  /** Set if the diff is too large for a list. `AuditLog.get` returns it. */
  readonly shortened: Shortened | null;
  readonly changed: readonly string[];
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  /** UTC with microseconds. */
  readonly created_at: string;
}
