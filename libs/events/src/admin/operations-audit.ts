interface Target<Type extends string> {
  readonly type: Type;
  readonly id: string;
}

/** A command and its target: one sink, one event, or the events that its filter selects. */
export type OperationTarget =
  | { readonly command: 'pause' | 'resume' | 'retire' | 'drop_type'; readonly about: Target<'sink'> }
  | { readonly command: 'replay' | 'skip'; readonly about: Target<'event'> }
  | { readonly command: 'replay' | 'cancel'; readonly about: Target<'events'> };

/** A command to the outbox, with the facts to audit. */
export type OperationRequest = OperationTarget & {
  readonly commandId: string;
  readonly sinks: readonly string[];
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Why the person gives the command. */
  readonly reason?: string | undefined;
};

/**
 * Audits the commands to the outbox. This library does not depend on an audit trail. The application extends this class and
 * passes the subclass to OutboxAdminModule.
 */
export abstract class OperationsAudit {
  /** Called in the transaction that records the command, so the command and its audit entry commit together. */
  abstract record(request: OperationRequest): Promise<void>;
}
