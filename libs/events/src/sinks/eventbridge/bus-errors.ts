import type { Outcome } from '../../delivery/sink.js';

/**
 * What happens to an event: `transport`, sent again without burning an attempt; `refused`, an attempt is burnt and it is
 * tried again; `refused permanently`, as that, but two attempts show it; `sent separately`, the call's entries are sent alone so
 * that the one which is at fault is found, and that one is refused permanently.
 */
export type ErrorEffect = 'transport' | 'refused' | 'refused permanently' | 'sent separately';

export interface BusError {
  /** Where it stands: in the result of an entry, as the answer to a call, or instead of an answer. */
  readonly at: 'entry' | 'call' | 'network';
  readonly code: string;
  readonly effect: ErrorEffect;
  /** Fewer calls at a time from now on. */
  readonly reducesConcurrency?: true;
  /** Sent alone it is not refused but `transport` still: the code does not say that the event is at fault. */
  readonly causeUnknown?: true;
  /** The credentials are fetched anew before the next call. */
  readonly renewsCredentials?: true;
  readonly meaning: string;
}

/** The place of an entry that the answer says nothing of. */
export const NO_ANSWER = '(no answer)';
/** An entry with neither EventId nor ErrorCode. */
export const NO_CODE = '(no code)';
/** An entry larger than a whole call may be: it is not sent. */
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
const renewsCredentials = { renewsCredentials: true } as const;
const oneByOne = { effect: 'sent separately' } as const;

/**
 * Every error of PutEvents, of all AWS services and of the network, and what it means for the events of the call.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html
 */
export const BUS_ERRORS: readonly BusError[] = [
  entry('ThrottlingException', 'transport', 'the quota of PutEvents is used up', reducesConcurrency),
  entry('InternalFailure', 'transport', 'EventBridge failed by itself'),
  entry('InternalException', 'transport', 'as InternalFailure'),
  entry(NO_ANSWER, 'transport', 'the list of results is shorter than the call'),
  entry(NO_CODE, 'transport', 'a result with neither EventId nor ErrorCode'),
  entry('AccessDeniedException', 'refused', "a policy of the bus's account refuses this event"),
  entry('NotAuthorizedForSourceException', 'refused', 'the bus does not take this Source from us'),
  entry('NotAuthorizedForDetailTypeException', 'refused', 'the bus does not take this DetailType from us'),
  entry('InvalidAccountIdException', 'refused', 'the account of the bus is not valid'),
  entry('InvalidArgument', 'refused permanently', 'Source, DetailType, Time or a resource breaks a rule of EventBridge'),
  entry('MalformedDetail', 'refused permanently', 'the detail is no JSON object, or a number in it does not fit int64'),
  entry('RedactionFailure', 'refused permanently', 'EventBridge could not redact the event'),
  entry(TOO_LARGE, 'refused permanently', 'larger than EVENT_BUS_MAX_BYTES: not sent'),

  call('InternalException', 'EventBridge failed by itself'),
  call('InternalFailure', 'as InternalException'),
  call('InternalServerError', 'as InternalException'),
  call('ServiceUnavailable', 'EventBridge is overloaded or down', reducesConcurrency),
  call('ServiceUnavailableException', 'as ServiceUnavailable', reducesConcurrency),
  call('ThrottlingException', 'the quota of PutEvents is used up', reducesConcurrency),
  call('Throttling', 'as ThrottlingException', reducesConcurrency),
  call('TooManyRequestsException', 'as ThrottlingException', reducesConcurrency),
  call('RequestLimitExceeded', 'as ThrottlingException', reducesConcurrency),
  call('LimitExceededException', 'as ThrottlingException', reducesConcurrency),
  call('RequestTimeoutException', 'EventBridge waited for our request in vain', reducesConcurrency),
  call('RequestAbortedException', 'the connection was closed before the answer'),
  call('AccessDeniedException', 'the role lacks events:PutEvents on this bus'),
  call('NotAuthorized', 'as AccessDeniedException'),
  call('OptInRequired', 'the account has no access to this region or service'),
  call('ExpiredTokenException', 'the credentials have expired', renewsCredentials),
  call('ExpiredToken', 'as ExpiredTokenException', renewsCredentials),
  call('UnrecognizedClientException', 'the access key is not byCode', renewsCredentials),
  call('InvalidClientTokenId', 'as UnrecognizedClientException', renewsCredentials),
  call('MissingAuthenticationToken', 'the call was not signed', renewsCredentials),
  call('MissingAuthenticationTokenException', 'as MissingAuthenticationToken', renewsCredentials),
  call('IncompleteSignature', 'the signature cannot be read', renewsCredentials),
  call('InvalidSignatureException', 'the secret key is wrong, or a proxy has changed the request', renewsCredentials),
  call('SignatureDoesNotMatch', 'as InvalidSignatureException', renewsCredentials),
  call('RequestExpired', "this machine's clock is wrong by more than a quarter of an hour"),
  call('ResourceNotFoundException', 'something that the call names is not there'),
  call('OperationDisabledException', 'the operation is switched off in this region'),
  call('UnknownOperationException', 'AWS_ENDPOINT_URL leads to something that is not EventBridge'),
  call('InvalidAction', 'as UnknownOperationException'),
  call('ValidationException', 'an entry breaks a rule, or all of them together are too large', oneByOne),
  call('ValidationError', 'as ValidationException', oneByOne),
  call('SerializationException', 'an entry cannot be read', oneByOne),
  call('InvalidParameterValue', 'as ValidationException', oneByOne),
  call('InvalidParameterCombination', 'as ValidationException', oneByOne),
  call('MissingParameter', 'as ValidationException', oneByOne),
  call('RequestEntityTooLargeException', 'the call is too large for what stands before EventBridge', oneByOne),
  call('MalformedHttpRequestException', 'the request cannot be read', oneByOne),

  network('AbortError', 'no answer within EVENT_BUS_TIMEOUT_MS; the events may have been accepted', reducesConcurrency),
  network('TimeoutError', 'as AbortError, for a connection', reducesConcurrency),
  network('ECONNREFUSED', 'nobody listens there'),
  network('ECONNRESET', 'the connection broke; the events may have been accepted'),
  network('EPIPE', 'as ECONNRESET'),
  network('ETIMEDOUT', 'no connection in time'),
  network('ENOTFOUND', 'the name of the endpoint is not byCode'),
  network('EAI_AGAIN', 'the name service did not answer'),
  network('EHOSTUNREACH', 'no way to the endpoint'),
  network('ENETUNREACH', 'as EHOSTUNREACH'),
  network('CERT_HAS_EXPIRED', "the endpoint's certificate is not valid"),
  network('DEPTH_ZERO_SELF_SIGNED_CERT', 'as CERT_HAS_EXPIRED'),
  network('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'as CERT_HAS_EXPIRED'),
  network('SyntaxError', 'the answer is no JSON: something else than EventBridge has answered'),
  network('CredentialsProviderError', 'no credentials were found', renewsCredentials),
  network('TokenProviderError', 'as CredentialsProviderError', renewsCredentials),
];

const byCode = new Map(BUS_ERRORS.map((error) => [`${error.at === 'entry' ? 'entry' : 'call'} ${error.code}`, error]));

/** The error of one entry; one that is not in the table is tried again as a refusal. */
export const entryError = (code: string): BusError => byCode.get(`entry ${code}`) ?? entry(code, 'refused', 'not in the table');

/**
 * What a failed call means, by the error's code, then by its name. What is not in the table is transport, since no event
 * is byCode to be at fault; where HTTP says that it is our fault the entries are sent alone, so that none holds up the rest.
 */
export function callError(error: unknown): BusError {
  const { name, code, $metadata } = error as { name?: unknown; code?: unknown; $metadata?: { httpStatusCode?: number } };
  const found = byCode.get(`call ${String(code)}`) ?? byCode.get(`call ${String(name)}`);
  if (found) return found;
  const status = $metadata?.httpStatusCode ?? 0;
  return call(String(code ?? name), 'not in the table', {
    ...(status === 429 || status === 503 ? reducesConcurrency : {}),
    ...(status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status) ? { ...oneByOne, causeUnknown: true } : {}),
  });
}

/** For the log and for the row of the attempt. */
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

/** The effect of one event. What was sent sent separately has been found to be at fault when it comes here. */
export function outcomeOf({ effect, causeUnknown }: BusError, error: unknown): Outcome {
  if (effect === 'transport' || causeUnknown) return { kind: 'transport', error };
  return { kind: 'refused', error, permanent: effect !== 'refused' };
}
