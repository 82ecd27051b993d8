/** The position in the caller's trace, from the `traceparent` header of W3C Trace Context. */
export interface TraceParent {
  /** The trace id: 32 hexadecimal digits, lower case. */
  readonly traceId: string;
  /** The id of the caller's span: 16 hexadecimal digits, lower case. */
  readonly parentId: string;
}

const HEADER = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(-.*)?$/;
const MAX_HEADER_LENGTH = 512; // later versions can append fields; longer headers are ignored

/**
 * Parses the `traceparent` header of a request. The result is frozen. Returns undefined for a header that must be ignored:
 * upper-case letters, an id of zeros only, version ff, text after the flags in version 00, or more than one header.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function parseTraceParent(header: unknown): TraceParent | undefined {
  if (typeof header !== 'string' || header.length > MAX_HEADER_LENGTH) return undefined;
  const [, version, traceId, parentId, appended] = HEADER.exec(header) ?? [];
  if (!traceId || !parentId || version === 'ff' || (version === '00' && appended !== undefined)) return undefined;
  return isZero(traceId) || isZero(parentId) ? undefined : Object.freeze({ traceId, parentId });
}

/** Writes the 128 bits of the trace id in UUID format. */
export const traceIdAsUuid = ({ traceId }: TraceParent): string =>
  traceId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

const isZero = (digits: string): boolean => /^0+$/.test(digits);
