import createClient from 'openapi-fetch';
import { ROOT_PATH } from '../base.js';
import type { components, paths } from './api.types.js';

export type Schemas = components['schemas'];

/** Marks the requests of the console: the api accepts no change with the session cookie without it. */
export const CONSOLE_HEADER = { 'x-console': '1' };

/** The typed client of the public api. The browser adds the session cookie. */
export const api = createClient<paths>({ baseUrl: ROOT_PATH, headers: CONSOLE_HEADER, credentials: 'same-origin' });

/** A response that is not a success. `status` is 0 if there was no response. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly correlationId: string | undefined,
    readonly retryAfterSeconds: number | undefined,
  ) {
    super(detail);
  }
}

interface ProblemBody {
  readonly title?: unknown;
  readonly detail?: unknown;
}

const textOr = (value: unknown, otherwise: string): string => (typeof value === 'string' && value !== '' ? value : otherwise);

/** Makes a problem of a response. A proxy may respond without problem details. */
export function problemOf(response: Response, body: unknown): ApiProblem {
  const { title, detail } = (typeof body === 'object' && body !== null ? body : {}) as ProblemBody;
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new ApiProblem(
    response.status,
    textOr(title, `The server responded with status ${response.status}`),
    textOr(detail, 'The response does not say why.'),
    response.headers.get('x-correlation-id') ?? undefined,
    Number.isNaN(retryAfter) ? undefined : retryAfter,
  );
}

/** Makes a problem of the reason why `fetch` got no response. */
export function noResponse(reason: unknown): never {
  if (reason instanceof DOMException && reason.name === 'AbortError') throw reason;
  throw new ApiProblem(0, 'No response', 'The server cannot be reached. Check the connection.', undefined, undefined);
}

interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/**
 * Returns the body of a response.
 *
 * @throws ApiProblem if the response is not a success or there is none.
 */
export async function read<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await call.catch(noResponse);
  if (!response.ok) throw problemOf(response, error);
  return data as Data;
}
