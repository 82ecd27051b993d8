import type { CommandView } from '@pikaia/events';
import { findOperator, issueSession } from '../explain/viewer.ts';
import { UsageError } from '../start/command-line.ts';
import { PlainError, reasonOf } from '../start/plain-error.ts';
import { runningOrExit } from '../start/running.file.ts';

const REQUEST_TIMEOUT_MS = 20_000;

/** A value as it arrives in JSON. */
export type FromJson<T> = T extends Date ? string : T extends object ? { [Key in keyof T]: FromJson<T[Key]> } : T;

export type Command = FromJson<CommandView>;

/** An API and a session token for it. */
export interface Session {
  readonly url: string;
  readonly token: string;
}

/** Where to connect to, from the command line. */
export interface ConnectionOptions {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly email?: string | undefined;
}

/** The session of the command line or of PIKAIA_TOKEN, for the API at `url`. */
export function givenSession(url: string, token = process.env['PIKAIA_TOKEN']): Session {
  const protocol = URL.canParse(url) ? new URL(url).protocol : '';
  if (!['http:', 'https:'].includes(protocol))
    throw new UsageError(`--url must be an address such as http://127.0.0.1:3400, not "${url}".`);
  if (!token) throw new PlainError('--url also needs a session token. Give --token, or set PIKAIA_TOKEN.');
  return { url, token };
}

/** Connects to the API that `--url` names, or, without `--url`, to the one that runs from this folder, as an operator. */
export async function connect({ url, token, email }: ConnectionOptions): Promise<ApiClient> {
  if (url) return new ApiClient(givenSession(url, token));
  if (token !== undefined) throw new UsageError('--token needs the --url of the system that it is for.');
  const { ports, databaseUrls } = runningOrExit();
  const viewerEmail = email ?? (await findOperator(databaseUrls.owner));
  if (!viewerEmail) throw new PlainError('Found no operator. Give a user with --email.');
  return new ApiClient({
    url: `http://127.0.0.1:${ports.api}`,
    token: await issueSession(databaseUrls.owner, { email: viewerEmail }),
  });
}

/** Calls the admin API of one system with the session of one user. */
export class ApiClient {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get<T>(path: string): Promise<FromJson<T>> {
    return this.#call('GET', path);
  }

  /** Sends a command to the leaders of the sinks. */
  post(path: string, body?: object): Promise<Command> {
    return this.#call('POST', path, body);
  }

  async #call<T>(method: string, path: string, content?: object): Promise<T> {
    const response = await requestJson<T>(this.#session, path, REQUEST_TIMEOUT_MS, { method, content });
    if (response.ok) return response.body;
    throw new PlainError(`${response.status}: ${response.reason}`);
  }
}

type JsonResponse<T> =
  { readonly ok: true; readonly body: T } | { readonly ok: false; readonly status: number; readonly reason: string };

/** Sends one request to the admin API. Throws a PlainError if there is no response. */
export async function requestJson<T>(
  { url, token }: Session,
  path: string,
  timeoutMs: number,
  { method = 'GET', content }: { readonly method?: string; readonly content?: object | undefined } = {},
): Promise<JsonResponse<T>> {
  const address = new URL(`/api/v1/admin/${path}`, url);
  let response: Response;
  try {
    response = await fetch(address, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(content && { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(timeoutMs),
      ...(content && { body: JSON.stringify(content) }),
    });
  } catch (error) {
    const { cause = error } = error as Error; // fetch reports the reason as the cause
    throw new PlainError(`${address.origin} does not respond (${await reasonOf(cause)}).`);
  }
  const body: unknown = await response.json().catch(() => ({}));
  if (response.ok) return { ok: true, body: body as T };
  const { detail, title } = body as { detail?: string; title?: string };
  return { ok: false, status: response.status, reason: detail ?? title ?? 'no reason given' };
}
