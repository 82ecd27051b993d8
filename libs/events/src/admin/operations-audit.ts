import type { CommandName } from '../commands/command.js';

/** A command to the outbox, with the facts to audit. */
export interface OperationRequest {
  readonly commandId: string;
  readonly command: CommandName;
  /** The target of the command: one event, one sink, or the events that its filter selects. */
  readonly about: { readonly type: 'event' | 'sink' | 'events'; readonly id: string };
  readonly sinks: readonly string[];
  readonly arguments: Readonly<Record<string, unknown>>;
}

/**
 * Audits the commands to the outbox. This library does not depend on an audit trail. The application extends this class and
 * passes the subclass to OutboxAdminModule.
 */
export abstract class OperationsAudit {
  /** Called in the transaction that records the command, so the command and its audit entry commit together. */
  abstract record(request: OperationRequest): Promise<void>;
}
