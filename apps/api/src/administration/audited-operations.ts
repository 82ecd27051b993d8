import { Injectable } from '@nestjs/common';
import { Audit, AuditedEntity, diff, Public } from '@pikaia/audit';
import { OperationsAudit, type OperationRequest } from '@pikaia/events';
import { operationRequested, type OperationName } from './audit-actions.js';

/** The fields of a command that its audit entry contains. */
@AuditedEntity({ type: 'outbox_command' })
class AuditedCommand {
  @Public()
  readonly id: string;

  @Public()
  readonly sinks: readonly string[];

  @Public({ keys: 'all' })
  readonly arguments: Readonly<Record<string, unknown>>;

  @Public()
  readonly reason: string | null;

  constructor({ commandId, sinks, arguments: values, reason }: OperationRequest) {
    this.id = commandId;
    this.sinks = sinks;
    this.arguments = values;
    this.reason = reason ?? null;
  }
}

/** Records the operations on the outbox in the audit log, as `sink.pause_requested`, `event.replay_requested` and so on. */
@Injectable()
export class AuditedOperations extends OperationsAudit {
  constructor(private readonly audit: Audit) {
    super();
  }

  async record(request: OperationRequest): Promise<void> {
    const { about, command } = request;
    const action = operationRequested[`${about.type}.${command}` as OperationName];
    await this.audit.record(action, about, diff(null, new AuditedCommand(request)));
  }
}
