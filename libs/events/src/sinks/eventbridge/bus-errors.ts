import type { Outcome } from '../../delivery/sink.js';

/**
 * The effect of an error on an event.
 * - `transport`: the event is retried and uses no attempt.
 * - `refused`: the event uses an attempt and is retried.
 * - `refused permanently`: the event uses an attempt and fails after the second one.
 * - `sent separately`: each entry of the call is sent alone. The entry that causes the error is then refused permanently.
 */
type ErrorEffect = 'transport' | 'refused' | 'refused permanently' | 'sent separately';

export interface BusError {
  /** Where the error occurs: in the result of an entry, in the response to a call, or instead of a response. */
  readonly at: 'entry' | 'call' | 'network';
  readonly code: string;
  readonly effect: ErrorEffect;
  /** Reduces the number of calls in flight. */
  readonly reducesConcurrency?: true;
  /** The call was not answered in time. Other calls are not affected. */
  readonly timesOut?: true;
  /** An entry may be at fault. The next delivery sends its entries separately, and stops if the first is not answered. */
  readonly causeUnknown?: true;
  /** The next call loads its credentials again. */
  readonly renewsCredentials?: true;
  readonly meaning: string;
}

/** Code of an entry that has no result in the response. */
export const NO_ANSWER = '(no answer)';
/** Code of a result with neither EventId nor ErrorCode. */
export const NO_CODE = '(no code)';
/** Code of an entry that exceeds the maximum size of a call. The entry is not sent. */
export const TOO_LARGE = '(too large)';

const entry = (code: string, effect: ErrorEffect, meaning: string, more: Partial<BusError> = {}): BusError => ({
  at: 'entry',
  code,
  effect,
  meaning,
  ...more,
});
const call = (code: string, meaning: string, more: Partial<BusError> = {}): BusError => ({
  at: 'call',
  code,
  effect: 'transport',
  meaning,
  ...more,
});
const network = (code: string, meaning: string, more: Partial<BusError> = {}): BusError => ({
  ...call(code, meaning, more),
  at: 'network',
});

const reducesConcurrency = { reducesConcurrency: true } as const;
const timesOut = { timesOut: true } as const;
const renewsCredentials = { renewsCredentials: true } as const;
const sentSeparately = { effect: 'sent separately' } as const;

/**
 * All known errors of PutEvents, of AWS services in general and of the network, with their effect on the events of the call.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html
 */
export const BUS_ERRORS: readonly BusError[] = [
  entry('ThrottlingException', 'transport', 'the quota of PutEvents is exhausted', reducesConcurrency),
  entry('InternalFailure', 'transport', 'EventBridge had an internal error'),
  entry('InternalException', 'transport', 'same as InternalFailure'),
  entry(NO_ANSWER, 'transport', 'the list of results is shorter than the call'),
  entry(NO_CODE, 'transport', 'the result has neither EventId nor ErrorCode'),
  entry('AccessDeniedException', 'refused', "a policy of the bus's account refuses this event"),
  entry('NotAuthorizedForSourceException', 'refused', 'the bus does not accept this Source from this account'),
  entry('NotAuthorizedForDetailTypeException', 'refused', 'the bus does not accept this DetailType from this account'),
  entry('InvalidAccountIdException', 'refused', 'the account of the bus is not valid'),
  entry('InvalidArgument', 'refused permanently', 'Source, DetailType, Time or a resource is invalid'),
  entry('MalformedDetail', 'refused permanently', 'the detail is not a JSON object, or one of its numbers does not fit int64'),
  entry('RedactionFailure', 'refused permanently', 'EventBridge could not redact the event'),
  entry(TOO_LARGE, 'refused permanently', 'the event is larger than EVENT_BUS_MAX_BYTES; it is not sent'),

  call('InternalException', 'EventBridge had an internal error'),
  call('InternalFailure', 'same as InternalException'),
  call('InternalServerError', 'same as InternalException'),
  call('ServiceUnavailable', 'EventBridge is overloaded or down', reducesConcurrency),
  call('ServiceUnavailableException', 'same as ServiceUnavailable', reducesConcurrency),
  call('ThrottlingException', 'the quota of PutEvents is exhausted', reducesConcurrency),
  call('Throttling', 'same as ThrottlingException', reducesConcurrency),
  call('TooManyRequestsException', 'same as ThrottlingException', reducesConcurrency),
  call('RequestLimitExceeded', 'same as ThrottlingException', reducesConcurrency),
  call('LimitExceededException', 'same as ThrottlingException', reducesConcurrency),
  call('RequestTimeoutException', 'EventBridge did not receive the request in time', timesOut),
  call('RequestAbortedException', 'the connection was closed before the response'),
  call('AccessDeniedException', 'the role has no events:PutEvents permission on this bus'),
  call('NotAuthorized', 'same as AccessDeniedException'),
  call('OptInRequired', 'the account has no access to this region or service'),
  call('ExpiredTokenException', 'the credentials have expired', renewsCredentials),
  call('ExpiredToken', 'same as ExpiredTokenException', renewsCredentials),
  call('UnrecognizedClientException', 'the access key is unknown', renewsCredentials),
  call('InvalidClientTokenId', 'same as UnrecognizedClientException', renewsCredentials),
  call('MissingAuthenticationToken', 'the call was not signed', renewsCredentials),
  call('MissingAuthenticationTokenException', 'same as MissingAuthenticationToken', renewsCredentials),
  call('IncompleteSignature', 'the signature cannot be read', renewsCredentials),
  call('InvalidSignatureException', 'the secret key is wrong, or a proxy changed the request', renewsCredentials),
  call('SignatureDoesNotMatch', 'same as InvalidSignatureException', renewsCredentials),
  call('RequestExpired', 'the clock of this machine is wrong by more than 15 minutes'),
  call('ResourceNotFoundException', 'a resource that the call names does not exist'),
  call('OperationDisabledException', 'the operation is disabled in this region'),
  call('UnknownOperationException', 'AWS_ENDPOINT_URL is not an EventBridge endpoint'),
  call('InvalidAction', 'same as UnknownOperationException'),
  call('ValidationException', 'an entry is invalid, or the call is too large', sentSeparately),
  call('ValidationError', 'same as ValidationException', sentSeparately),
  call('SerializationException', 'an entry cannot be read', sentSeparately),
  call('InvalidParameterValue', 'same as ValidationException', sentSeparately),
  call('InvalidParameterCombination', 'same as ValidationException', sentSeparately),
  call('MissingParameter', 'same as ValidationException', sentSeparately),
  call('RequestEntityTooLargeException', 'the call is too large for a proxy in front of EventBridge', sentSeparately),
  call('MalformedHttpRequestException', 'the request cannot be read', sentSeparately),

  network('AbortError', 'no response in time; the events may have been accepted', timesOut),
  network('TimeoutError', 'no connection within EVENT_BUS_TIMEOUT_MS', timesOut),
  network('ECONNREFUSED', 'the endpoint refused the connection'),
  network('ECONNRESET', 'the connection broke; the events may have been accepted'),
  network('EPIPE', 'same as ECONNRESET'),
  network('ETIMEDOUT', 'the connection attempt timed out'),
  network('ENOTFOUND', 'the host name of the endpoint is unknown'),
  network('EAI_AGAIN', 'the name server did not respond'),
  network('EHOSTUNREACH', 'no route to the endpoint'),
  network('ENETUNREACH', 'same as EHOSTUNREACH'),
  network('CERT_HAS_EXPIRED', 'the certificate of the endpoint is not valid'),
  network('DEPTH_ZERO_SELF_SIGNED_CERT', 'same as CERT_HAS_EXPIRED'),
  network('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'same as CERT_HAS_EXPIRED'),
  network('SyntaxError', 'the response is not JSON, so it is not from EventBridge'),
  network('CredentialsProviderError', 'no credentials were found', renewsCredentials),
  network('TokenProviderError', 'same as CredentialsProviderError', renewsCredentials),
];

const byCode = new Map(BUS_ERRORS.map((error) => [`${error.at === 'entry' ? 'entry' : 'call'} ${error.code}`, error]));

/** Looks up the error of an entry. An unknown code is `refused`. */
export const entryError = (code: string): BusError => byCode.get(`entry ${code}`) ?? entry(code, 'refused', 'not in the table');

/**
 * Looks up the error of a call by its code, then by its name. An unknown error is `transport`, because no event is known to be
 * at fault. If its HTTP status is 4xx, an entry may be at fault.
 */
export function callError(error: unknown): BusError {
  const { name, code, $metadata } = error as { name?: unknown; code?: unknown; $metadata?: { httpStatusCode?: number } };
  const found = byCode.get(`call ${String(code)}`) ?? byCode.get(`call ${String(name)}`);
  if (found) return found;
  const status = $metadata?.httpStatusCode ?? 0;
  return call(String(code ?? name), 'not in the table', {
    ...(status === 429 || status === 503 ? reducesConcurrency : {}),
    ...(status === 408 ? timesOut : {}),
    ...(status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status) ? { causeUnknown: true } : {}),
  });
}

/** The error of an event or call that EventBridge did not accept. It is logged and stored with the attempt. */
export class EventBusError extends Error {
  override readonly name = 'EventBusError';

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Converts an error to the outcome of an event. A `sent separately` error reaches it only for an entry that was sent alone. */
export function outcomeOf({ effect }: BusError, error: unknown): Outcome {
  if (effect === 'transport') return { kind: 'transport', error };
  return { kind: 'refused', error, permanent: effect !== 'refused' };
}
