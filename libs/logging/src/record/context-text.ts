import { ContextSlot, type ContextScope, type ContextSnapshot, type TraceParent } from '@pikaia/core';
import { quoteRedacted } from './json-text.js';
import { copyFields } from './copy-fields.js';
import { LogField, type LogFields } from './log-fields.js';

const MAX_FIELD_CHARS = 1_024; // UTF-16 units; the client chooses the length of the path and the user agent

class ContextFields {
  snapshot: ContextSnapshot | undefined;
  /** The fields of the snapshot as JSON text, each with a leading comma. */
  text = '';
  /** The fields that the application added to the context. */
  assigned: LogFields | undefined;
}

const slot = new ContextSlot(() => new ContextFields());

/** Returns the fields that each line of a context has. The text is cached, because snapshots are frozen. */
export function contextFields(scope: ContextScope): Readonly<ContextFields> {
  const { snapshot } = scope;
  const fields = slot.getOrCreate(scope);
  if (fields.snapshot !== snapshot) {
    fields.snapshot = snapshot;
    fields.text = fieldsText(snapshot);
  }
  return fields;
}

/** Adds fields to all later lines of a context. A field that was added before is replaced. */
export function assignFields(scope: ContextScope, added: LogFields): void {
  const fields = slot.getOrCreate(scope);
  fields.assigned = { ...fields.assigned, ...copyFields(added) };
}

function fieldsText({ correlationId, origin, traceParent, actor, organizationId, request, event }: ContextSnapshot): string {
  const person = [actor, event?.actor].find((each) => each && each.type !== 'system');
  return [
    fieldText(LogField.traceId, correlationId),
    fieldText(LogField.traceOrigin, origin === 'client' ? origin : undefined),
    traceParent ? datadogTraceText(traceParent) : '',
    fieldText(LogField.userId, person?.id),
    fieldText(LogField.userEmail, person?.email),
    fieldText(LogField.organizationId, organizationId),
    fieldText(LogField.method, request?.method),
    fieldText(LogField.path, request?.path),
    fieldText(LogField.route, request?.route),
    fieldText(LogField.clientAddress, request?.clientAddress),
    fieldText(LogField.userAgent, request?.userAgent),
    fieldText(LogField.eventId, event?.id),
    fieldText(LogField.consumer, event?.consumer),
    event ? `,"${LogField.attempt}":${Number(event.attempt) || 0}` : '',
  ].join('');
}

/**
 * Returns the ids by which Datadog joins lines to traces: the lower 64 bits of the trace id and the span id, as decimal
 * numbers in strings.
 *
 * @see https://docs.datadoghq.com/tracing/other_telemetry/connect_logs_and_traces/opentelemetry/
 */
const datadogTraceText = ({ traceId, parentId }: TraceParent): string =>
  `,"${LogField.ddTraceId}":"${BigInt(`0x${traceId.slice(16)}`)}","${LogField.ddSpanId}":"${BigInt(`0x${parentId}`)}"`;

const fieldText = (name: string, value: string | null | undefined): string =>
  value === undefined || value === null ? '' : `,"${name}":${quoteRedacted(String(value), MAX_FIELD_CHARS)}`;
