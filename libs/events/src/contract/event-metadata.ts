/** The columns that describe an event. The payload, and columns of the log such as the transaction id, are not included. */
export interface EventMetadata {
  /** The position of the event in the log: a bigint as text. Within one aggregate it only grows. */
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
