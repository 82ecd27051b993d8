import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { AddressPolicy, type Network } from './address.policy.js';
import { dnsResolver, hostOf, type HostResolver } from './host.resolver.js';
import { PostFailure, type FailureCode } from './post.failure.js';
import { readStart } from './response.body.js';
import { sendPost } from './send.post.js';

export interface GuardedPostOptions {
  /** Networks that may be used although they are not public, such as the loopback network in development. */
  readonly allowedNetworks?: readonly Network[];
  /** True to accept URLs with http. */
  readonly allowHttp?: boolean;
  /** Milliseconds for the whole exchange: host, connection, request, and response with the start of its body. Default: 15 000. */
  readonly timeoutMs?: number;
  /** Milliseconds from the addresses of the host to a connection, TLS included. Default: 5000. */
  readonly connectTimeoutMs?: number;
  /** Default: asks the name servers of the system, for up to 5 seconds. */
  readonly resolve?: HostResolver;
  /** Certificate authorities to trust, in PEM. Default: those of Node. */
  readonly ca?: string;
}

export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Ends the exchange. `post` then rejects with the reason of the signal. */
  readonly signal?: AbortSignal;
}

export interface PostResult {
  /** Null if no response arrived. */
  readonly status: number | null;
  /** The first KiB of the body of the response, as text. Null if no response arrived. */
  readonly body: string | null;
  /** The header `Retry-After` of the response. */
  readonly retryAfter?: string;
  /** Absent for a response with status 2xx. The customer may read the text. */
  readonly failure?: { readonly code: FailureCode; readonly text: string };
}

/**
 * Sends a POST to a URL that a customer has chosen, so that the customer cannot reach our network with it.
 *
 * - It connects only to addresses that the policy permits. The host is resolved once, every address of the answer is checked, and
 *   the connection uses these addresses. So a name server that changes its answer gains nothing.
 * - It follows no redirect, uses no proxy, and verifies the certificate whatever the environment says.
 * - Time and memory are bounded, however slowly or much the server sends.
 * - Each exchange has its own connection. An endpoint shares no connection with another, and no idle connection is found closed.
 */
export class GuardedPost {
  private readonly policy: AddressPolicy;
  private readonly resolve: HostResolver;
  private readonly timeoutMs: number;

  constructor(private readonly options: GuardedPostOptions = {}) {
    this.policy = new AddressPolicy(options.allowedNetworks);
    this.resolve = options.resolve ?? dnsResolver({ timeoutMs: 5_000 });
    this.timeoutMs = options.timeoutMs ?? 15_000;
  }

  /** Resolves whatever the server does. @throws the reason of the signal. */
  async post({ url: text, headers, body, signal: outer }: PostRequest): Promise<PostResult> {
    const deadline = new AbortController();
    const late = new PostFailure('timeout', `No response within ${this.timeoutMs} ms.`);
    const timer = setTimeout(() => deadline.abort(late), this.timeoutMs);
    const signal = AbortSignal.any([deadline.signal, ...(outer ? [outer] : [])]);
    try {
      const url = this.parse(text);
      const addresses = await unlessAborted(signal, () => this.permittedAddresses(hostOf(url)));
      const { ca, connectTimeoutMs = 5_000 } = this.options;
      const permits = (address: string) => this.policy.permits(address);
      return await resultOf(await sendPost({ url, headers, body, addresses, permits, connectTimeoutMs, ca, signal }));
    } catch (error) {
      if (!(error instanceof PostFailure)) throw error;
      return { status: null, body: null, failure: { code: error.code, text: error.message } };
    } finally {
      clearTimeout(timer);
    }
  }

  private parse(text: string): URL {
    const url = URL.parse(text);
    if (url?.protocol === 'https:' || (this.options.allowHttp && url?.protocol === 'http:')) return url!;
    throw new PostFailure('address-refused', 'The URL does not use https.');
  }

  /** @throws PostFailure if one of the addresses is refused. */
  private async permittedAddresses(host: string): Promise<readonly string[]> {
    const isLiteral = isIP(host) > 0;
    const addresses = isLiteral ? [host] : await this.resolve(host);
    if (addresses.length && addresses.every((address) => this.policy.permits(address))) return addresses;
    const subject = isLiteral ? 'The address of the URL' : 'An address of the host name';
    throw new PostFailure('address-refused', `${subject} is not public.`);
  }
}

/** Settles as `work` does, or rejects with the reason of the signal. */
async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([work(), promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function resultOf(response: IncomingMessage): Promise<PostResult> {
  const status = response.statusCode!;
  const retryAfter = response.headers['retry-after'];
  const failure = failureOf(status);
  return {
    status,
    body: await readStart(response),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(failure && { failure }),
  };
}

function failureOf(status: number): PostResult['failure'] {
  if (status >= 200 && status < 300) return undefined;
  if (status >= 300 && status < 400) return { code: 'redirect', text: `The status is ${status}. Redirects are not followed.` };
  return { code: 'status', text: `The status is ${status}.` };
}
