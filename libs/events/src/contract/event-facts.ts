/** The columns of an event in the outbox, without its payload. */
export interface EventFacts {
  /** The event's place in the log: a bigint as text. It only grows within one aggregate. */
  readonly position: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly organizationId: string | null;
  readonly correlationId: string | null;
  readonly occurredAt: Date;
}
