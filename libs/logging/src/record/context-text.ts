import { ContextSlot, type ContextScope, type ContextSnapshot, type TraceParent } from '@pikaia/core';
import { quoteRedacted } from './json-text.js';
import { LogField } from './log-fields.js';

const MAX_FIELD_CHARS = 1_024; // UTF-16 units; the client chooses the length of the path and the user agent

class CachedText {
  snapshot: ContextSnapshot | undefined;
  text = '';
}

const slot = new ContextSlot(() => new CachedText());

/** Returns the fields of a context as JSON text, each with a leading comma. The text is cached, because snapshots are frozen. */
export function contextText(scope: ContextScope): string {
  const { snapshot } = scope;
  const written = slot.getOrCreate(scope);
  if (written.snapshot !== snapshot) {
    written.snapshot = snapshot;
    written.text = fieldsText(snapshot);
  }
  return written.text;
}

function fieldsText({ correlationId, origin, traceParent, actor, organizationId, request, event }: ContextSnapshot): string {
  const person = actor && actor.type !== 'system' ? actor : undefined;
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
