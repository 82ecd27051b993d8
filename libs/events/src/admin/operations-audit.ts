import type { CommandName } from '../commands/command.js';

/** What somebody has asked of the outbox, as it is to be audited. */
export interface OperationRequest {
  readonly commandId: string;
  readonly command: CommandName;
  /** What it is about: one event, one sink, or what the command's filter selects. */
  readonly about: { readonly type: 'event' | 'sink' | 'events'; readonly id: string };
  readonly sinks: readonly string[];
  readonly arguments: Readonly<Record<string, unknown>>;
}

/**
 * Where the outbox's operations are audited. This library knows no audit trail: the application extends this class and
 * gives it to OutboxOperationsModule.
 */
export abstract class OperationsAudit {
  /** Called in the transaction that records the command: it is asked for and audited, or neither. */
  abstract record(request: OperationRequest): Promise<void>;
}
