/** What to look for; everything that is given must hold. */
export interface AuditFilter {
  /** Exact, or a prefix: `member.*`. */
  readonly action?: string;
  readonly actor_id?: string;
  readonly aggregate_type?: string;
  readonly aggregate_id?: string;
  /** A UUID. */
  readonly correlation_id?: string;
  /** For operators; an organization's own reader sees no other. */
  readonly organization_id?: string;
  /** ISO 8601, with up to six digits of a second: at or after. */
  readonly from?: string;
  /** ISO 8601: before. */
  readonly to?: string;
  /** The name of a field that changed. */
  readonly changed?: string;
  /** The client's address in its normal form. */
  readonly ip_address?: string;
}

/** Whose records are read: one organization's, or all, for operators of the platform. */
export type AuditScope = { readonly organization: string } | { readonly operator: true };

/** An entry as readers see it: the source document's fields, `id` and `changed`. Personal values are there until the person is erased. */
export interface AuditLogEntry {
  readonly id: string;
  readonly action: string;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  /** `platform` where there is no organization. */
  readonly organization_id: string;
  readonly actor_id: string;
  readonly actor_email: string | null;
  readonly correlation_id: string;
  readonly diff: { readonly old: Record<string, unknown> | null; readonly new: Record<string, unknown> | null };
  readonly changed: readonly string[];
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  /** UTC with microseconds. */
  readonly created_at: string;
}
