/** The types of problems: the last part of `type` in a problem, its status, and when it is the response. */
export const PROBLEM_TYPES = {
  'bad-request': { status: 400, about: 'The URL, a header, a parameter of the path or the JSON of the body is malformed.' },
  unauthenticated: { status: 401, about: 'The session token is missing, not valid or expired.' },
  forbidden: { status: 403, about: 'The caller lacks the role, or may not do this.' },
  'not-found': { status: 404, about: 'The resource does not exist, or belongs to another organization.' },
  'precondition-failed': { status: 412, about: 'The resource is not in the state that `If-Match` or `If-None-Match` requires.' },
  conflict: { status: 409, about: 'The request conflicts with the current state. The detail says how.' },
  'idempotency-key-in-use': {
    status: 409,
    about: 'The first request with this `Idempotency-Key` is still running. Repeat later.',
  },
  'idempotency-key-reused': { status: 422, about: 'The `Idempotency-Key` belongs to another request. Use a new one.' },
  'email-unverified': { status: 403, about: 'The session contains no verified email address.' },
  'invitation-organization': { status: 403, about: 'The session is not of the organization that the invitation is from.' },
  'invitation-email': { status: 403, about: 'The email address of the session is not the invited one.' },
  'invitation-accepted': { status: 409, about: 'The invitation was accepted already.' },
  'invitation-repeated': { status: 409, about: 'An earlier invitation of the same request has the same address.' },
  'organization-exists': { status: 409, about: 'The organization of the session exists already.' },
  'invitation-expired': { status: 410, about: 'The invitation is older than seven days. An admin can send it again.' },
  'invitation-replaced': { status: 410, about: 'The invitation was sent again. The newest email has the valid link.' },
  'invitation-revoked': { status: 410, about: 'The invitation was withdrawn.' },
  invalid: { status: 422, about: 'A field is not valid. `errors` lists the fields.' },
  'invitation-invalid': { status: 422, about: 'The token is not that of an invitation.' },
  'invitation-recently-sent': {
    status: 429,
    about: 'The invitation was sent less than a minute ago. Send it again after `Retry-After`.',
  },
  'rate-limited': {
    status: 429,
    about: 'A rate limit is reached. `violated-policies` names it. Wait for the seconds in `Retry-After`.',
  },
  internal: { status: 500, about: 'An unexpected error. The correlation id finds it in the logs.' },
  unavailable: { status: 503, about: 'The service cannot process the request now. Try again after `Retry-After`.' },
  'change-unseen': { status: 503, about: 'The change of `after_change` has not arrived yet. Repeat the request.' },
  'outcome-unknown': {
    status: 503,
    about:
      'The database did not confirm the change. Repeat the request with the same `Idempotency-Key`, or check the data first.',
  },
  'request-timeout': { status: 408, about: 'The request did not arrive in time.' },
  'payload-too-large': { status: 413, about: 'The body is larger than 1 MiB.' },
  'uri-too-long': { status: 414, about: 'A part of the path is too long.' },
  'unsupported-media-type': { status: 415, about: 'The body is not application/json in UTF-8 without a content encoding.' },
  'expectation-failed': { status: 417, about: 'The server meets no expectation other than 100-continue.' },
  'request-header-fields-too-large': { status: 431, about: 'The headers of the request are too large.' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly about: string }>>;

export type ProblemType = keyof typeof PROBLEM_TYPES;
