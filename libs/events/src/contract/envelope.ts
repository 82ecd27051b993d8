/** An event as it is stored and delivered. The field names are the wire format and never change. */
export interface Envelope<Data = unknown> {
  /** UUIDv7; the key by which a consumer recognises what it has seen. */
  readonly event_id: string;
  readonly event_type: string;
  readonly schema_version: number;
  /** ISO 8601, milliseconds, UTC. */
  readonly occurred_at: string;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly organization_id: string | null;
  readonly correlation_id: string;
  readonly actor: EnvelopeActor | null;
  readonly data: Data;
}

export interface EnvelopeActor {
  readonly type: string;
  readonly id: string;
  readonly email?: string;
}

/** What a consumer gets: the envelope, and what the relay adds when it delivers. */
export interface DeliveredEvent<Data = unknown> extends Envelope<Data> {
  /** The outbox position: within one aggregate it only grows. */
  readonly sequence: string;
  /** The replay that sent it again; absent at the first delivery. */
  readonly replayed?: string;
}

/** `EventOf<MemberInvited>`: a delivered event whose data is an instance of the contract class. */
export type EventOf<Data extends object> = DeliveredEvent<Data>;
