/** An event as the outbox stores and delivers it. The field names are the wire format and never change. */
export interface Envelope<Data = unknown> {
  /** UUIDv7. A consumer uses it to detect an event that it has already handled. */
  readonly event_id: string;
  readonly event_type: string;
  readonly schema_version: number;
  /** ISO 8601, milliseconds, UTC. */
  readonly occurred_at: string;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly organization_id: string | null;
  readonly correlation_id: string;
  /** The `event_id` of the event whose handler published this one. Absent if no event caused it, as in a request. */
  readonly causation_id?: string;
  readonly actor: EnvelopeActor | null;
  readonly data: Data;
}

export interface EnvelopeActor {
  readonly type: string;
  readonly id: string;
  readonly email?: string;
}

/** An envelope as a consumer receives it, with the fields that the relay adds. */
export interface DeliveredEvent<Data = unknown> extends Envelope<Data> {
  /** The outbox position. Within one aggregate it only grows. */
  readonly sequence: string;
  /** The id of the replay that sent the event again; absent on the first delivery. */
  readonly replayed?: string;
  /** The version of the event as it is stored, if upcasters converted its data to `schema_version`. */
  readonly upcast_from?: number;
}

/** `EventOf<MemberInvited>`: a delivered event whose data is an instance of the contract class. */
export type EventOf<Data extends object> = DeliveredEvent<Data>;
