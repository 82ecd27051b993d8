/** The types of problems: the last part of `type` in a problem, its status, and when it is the response. */
export const PROBLEM_TYPES = {
  'bad-request': { status: 400, about: 'The URL, a header, a parameter of the path or the JSON of the body is malformed.' },
  unauthenticated: { status: 401, about: 'The session token is missing, not valid or expired.' },
  forbidden: { status: 403, about: 'The caller lacks the role, or may not do this.' },
  'not-found': { status: 404, about: 'The resource does not exist, or belongs to another organization.' },
  conflict: { status: 409, about: 'The request conflicts with the current state. The detail says how.' },
  invalid: { status: 422, about: 'A field is not valid. `errors` lists the fields.' },
  internal: { status: 500, about: 'An unexpected error. The correlation id finds it in the logs.' },
  unavailable: { status: 503, about: 'The service cannot process the request now. Try again after `Retry-After`.' },
  'change-unseen': { status: 503, about: 'The change of `after_change` has not arrived yet. Repeat the request.' },
  'outcome-unknown': { status: 503, about: 'The database did not confirm the change. Check the data before you try again.' },
  'request-timeout': { status: 408, about: 'The request did not arrive in time.' },
  'payload-too-large': { status: 413, about: 'The body is larger than 1 MiB.' },
  'uri-too-long': { status: 414, about: 'A part of the path is too long.' },
  'unsupported-media-type': { status: 415, about: 'The body is not application/json in UTF-8 without a content encoding.' },
  'expectation-failed': { status: 417, about: 'The server meets no expectation other than 100-continue.' },
  'request-header-fields-too-large': { status: 431, about: 'The headers of the request are too large.' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly about: string }>>;

export type ProblemType = keyof typeof PROBLEM_TYPES;
