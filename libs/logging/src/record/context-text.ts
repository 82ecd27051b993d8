import { ContextSlot, type ContextScope, type ContextSnapshot, type TraceParent } from '@pikaia/core';
import { quoteCut } from './json-text.js';
import { LogField } from './log-fields.js';

const TEXT_LIMIT = 1_024; // UTF-16 units; a path or a user agent is as long as a stranger wants it

class WrittenText {
  of: ContextSnapshot | undefined;
  text = '';
}

const slot = new ContextSlot(() => new WrittenText());

/** The fields of a context as JSON text, each with a comma before it. Snapshots are frozen, so each is written once. */
export function contextText(scope: ContextScope): string {
  const { snapshot } = scope;
  const written = slot.open(scope);
  if (written.of !== snapshot) {
    written.of = snapshot;
    written.text = write(snapshot);
  }
  return written.text;
}

function write({ correlationId, origin, traceParent, actor, organizationId, request, event }: ContextSnapshot): string {
  const person = actor && actor.type !== 'system' ? actor : undefined;
  return [
    field(LogField.traceId, correlationId),
    field(LogField.traceOrigin, origin === 'client' ? origin : undefined),
    traceParent ? datadogText(traceParent) : '',
    field(LogField.userId, person?.id),
    field(LogField.userEmail, person?.email),
    field(LogField.organizationId, organizationId),
    field(LogField.method, request?.method),
    field(LogField.path, request?.path),
    field(LogField.route, request?.route),
    field(LogField.clientAddress, request?.clientAddress),
    field(LogField.userAgent, request?.userAgent),
    field(LogField.eventId, event?.id),
    field(LogField.consumer, event?.consumer),
    event ? `,"${LogField.attempt}":${Number(event.attempt) || 0}` : '',
  ].join('');
}

/**
 * As Datadog joins lines to traces: the lower 64 bits of the trace id, and the span id, as decimal numbers in text.
 *
 * @see https://docs.datadoghq.com/tracing/other_telemetry/connect_logs_and_traces/opentelemetry/
 */
const datadogText = ({ traceId, parentId }: TraceParent): string =>
  `,"${LogField.ddTraceId}":"${BigInt(`0x${traceId.slice(16)}`)}","${LogField.ddSpanId}":"${BigInt(`0x${parentId}`)}"`;

const field = (name: string, value: string | null | undefined): string =>
  value === undefined || value === null ? '' : `,"${name}":${quoteCut(String(value), TEXT_LIMIT)}`;
