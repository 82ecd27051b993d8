import type { LogLine } from './service.process.js';

export interface Route {
  readonly method: string;
  /** The path with its parameters, such as `/members/:id`. */
  readonly path: string;
}

/** The routes of a running application. Nest logs them at DEBUG during its start, so new routes are included. */
export const mappedRoutes = (lines: readonly LogLine[]): Route[] =>
  lines.flatMap(({ message }) => {
    const [, path, method] = /^Mapped \{(.+), ([A-Z]+)\} route/.exec(String(message)) ?? [];
    return path && method ? [{ method, path }] : [];
  });

/** Valid input of a route, with the secret in each text field. */
export interface AcceptedInput {
  readonly query?: string;
  readonly body?: unknown;
  /** Headers of the body, such as its signature. */
  readonly headers?: Readonly<Record<string, string>>;
}

const UNKNOWN_ID = '0198a0a0-0000-7000-8000-000000000000';
const FIELDS = ['password', 'token', 'email', 'name', 'role', 'slug', 'note'];

/**
 * Sends the secret to a route in headers, query and body, in valid and invalid requests, with and without a session.
 * @returns the status codes.
 */
export async function sendSecretTo(
  url: string,
  { method, path }: Route,
  secret: string,
  sessions: readonly string[] = [],
  accepted: AcceptedInput = {},
): Promise<number[]> {
  const target = url + path.replaceAll(/:\w+/g, UNKNOWN_ID);
  const headers = {
    'x-canary': secret,
    'x-api-key': secret,
    'proxy-authorization': secret,
    cookie: `session=${secret}`,
    'content-type': 'application/json',
  };
  const bodies = [
    JSON.stringify(Object.fromEntries(FIELDS.map((name) => [name, secret]))),
    JSON.stringify(secret),
    `{"${secret}`,
    ...(accepted.body === undefined ? [] : [JSON.stringify(accepted.body)]),
  ];
  const queries = [`token=${secret}&limit=${secret}`, `cursor=${secret}`, accepted.query ?? ''];
  const variants =
    method === 'GET' ? queries.map((query) => ({ query })) : bodies.map((body) => ({ query: `token=${secret}`, body }));
  const statuses: number[] = [];
  for (const session of [secret, ...sessions]) {
    for (const { query, ...sent } of variants) {
      const answer = await fetch(`${target}?${query}`, {
        method,
        headers: { ...headers, ...accepted.headers, authorization: `Bearer ${session}` },
        ...sent,
      });
      await answer.arrayBuffer();
      statuses.push(answer.status);
    }
  }
  return statuses;
}
