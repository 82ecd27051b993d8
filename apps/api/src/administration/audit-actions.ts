import { auditAction, type AnyAuditAction } from '@pikaia/audit';
import type { OperationTarget } from '@pikaia/events';

type NameOf<Target> = Target extends OperationTarget ? `${Target['about']['type']}.${Target['command']}` : never;

/** The name of an operation on the outbox, such as `sink.pause`. */
export type OperationName = NameOf<OperationTarget>;

const requested = (about: OperationTarget['about']['type'], command: OperationTarget['command'], description: string) =>
  auditAction(`${about}.${command}_requested`, { aggregate: about, changes: 'required', description });

/** The action of each operation on the outbox. The changes of an entry are the command and its arguments. */
export const operationRequested = {
  'sink.pause': requested('sink', 'pause', 'An operator pauses a sink.'),
  'sink.resume': requested('sink', 'resume', 'An operator resumes a sink.'),
  'sink.retire': requested('sink', 'retire', 'An operator retires a sink permanently.'),
  'sink.drop_type': requested('sink', 'drop_type', 'An operator drops an event type that a sink no longer handles.'),
  'event.replay': requested('event', 'replay', 'An operator or admin replays one event.'),
  'event.skip': requested('event', 'skip', 'An operator skips an event that blocks its aggregate.'),
  'events.cancel': requested('events', 'cancel', 'An operator or admin cancels a replay.'),
  'events.replay': requested('events', 'replay', 'An operator or admin replays the events that match a filter, or counts them.'),
} satisfies Record<OperationName, AnyAuditAction>;
