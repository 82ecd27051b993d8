/** Where a caller's trace stands, as W3C Trace Context's `traceparent` header says it. */
export interface TraceParent {
  /** 32 hexadecimal digits, lower case. */
  readonly traceId: string;
  /** The caller's span: 16 hexadecimal digits, lower case. */
  readonly parentId: string;
}

const HEADER = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(-.*)?$/;
const LENGTH_LIMIT = 512; // later versions may append; nobody needs more to be looked at

/**
 * The `traceparent` of a request, frozen; undefined for one that must be ignored: capitals, ids of zeros alone, the
 * version ff, anything after the flags in version 00, or more than one header.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function parseTraceParent(header: unknown): TraceParent | undefined {
  if (typeof header !== 'string' || header.length > LENGTH_LIMIT) return undefined;
  const [, version, traceId, parentId, appended] = HEADER.exec(header) ?? [];
  if (!traceId || !parentId || version === 'ff' || (version === '00' && appended !== undefined)) return undefined;
  return isZero(traceId) || isZero(parentId) ? undefined : Object.freeze({ traceId, parentId });
}

/** The trace id in the form of a UUID, which is another way to write the same 128 bits. */
export const traceIdAsUuid = ({ traceId }: TraceParent): string =>
  traceId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

const isZero = (digits: string): boolean => /^0+$/.test(digits);
