import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIPv6, type LookupFunction, type Socket } from 'node:net';
import { hostOf } from './host.resolver.js';
import { errorCodeText, PostFailure } from './post.failure.js';

export interface SendOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The addresses to connect to. The host is not resolved again. */
  readonly addresses: readonly string[];
  /** The second check: of the address that the socket is connected to. */
  readonly permits: (address: string) => boolean;
  /** Milliseconds until there is a connection, TLS included. */
  readonly connectTimeoutMs: number;
  readonly ca?: string | undefined;
  readonly signal: AbortSignal;
}

const MAX_HEADER_BYTES = 16_384;
const MAX_INTERIM_RESPONSES = 10; // each may be as large as the headers of a response
const NEXT_ADDRESS_MS = 1_000; // the time after which the next address of a host is tried

const connecting = { keepAlive: false, autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS };
const agents = { http: new HttpAgent(connecting), https: new HttpsAgent({ ...connecting, maxCachedSessions: 0 }) };

/**
 * Sends a POST on a new connection. Resolves when the headers of the response have arrived.
 *
 * @throws PostFailure with `connection`, `tls`, `timeout`, `response` or `address-refused`; the reason of `signal`.
 */
export function sendPost({
  url,
  headers,
  body,
  addresses,
  permits,
  connectTimeoutMs,
  ca,
  signal,
}: SendOptions): Promise<IncomingMessage> {
  const isTls = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    let stage: Stage = 'connecting';
    const sent = (isTls ? httpsRequest : httpRequest)({
      agent: isTls ? agents.https : agents.http,
      method: 'POST',
      host: hostOf(url),
      port: url.port,
      path: `${url.pathname}${url.search}`,
      headers: { ...headers, host: url.host, 'content-length': Buffer.byteLength(body) },
      lookup: lookupIn(addresses),
      maxHeaderSize: MAX_HEADER_BYTES,
      rejectUnauthorized: true,
      ...(ca !== undefined && { ca }),
    });
    const late = new PostFailure('timeout', `No connection within ${connectTimeoutMs} ms.`);
    const timer = setTimeout(() => sent.destroy(late), connectTimeoutMs);
    const abort = () => sent.destroy(signal.reason as Error);
    sent.once('socket', (socket: Socket) => {
      socket.once('connect', () => {
        stage = 'handshake';
        if (!permits(socket.remoteAddress ?? '')) sent.destroy(new PostFailure('address-refused', 'The address is not public.'));
      });
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        stage = 'connected';
        clearTimeout(timer);
      });
    });
    let interim = 0;
    sent.on('information', () => {
      if (++interim <= MAX_INTERIM_RESPONSES) return;
      sent.destroy(new PostFailure('response', `The server sent more than ${MAX_INTERIM_RESPONSES} responses with status 1xx.`));
    });
    sent.once('response', resolve);
    sent.on('error', (error) => reject(signal.aborted ? signal.reason : failureOf(error, stage)));
    sent.once('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      reject(failureOf(new Error('The request was closed.'), stage)); // the only event after a switch of protocols
    });
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    sent.end(body);
  });
}

type Stage = 'connecting' | 'handshake' | 'connected';

/** Answers the look-up of a socket with the addresses that were checked. */
const lookupIn =
  (addresses: readonly string[]): LookupFunction =>
  (_host, options, callback) => {
    const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
    process.nextTick(() => {
      if (options.all) callback(null, found);
      else callback(null, found[0]!.address, found[0]!.family);
    });
  };

function failureOf(error: Error, stage: Stage): PostFailure {
  if (error instanceof PostFailure) return error;
  const { code = '' } = error as { code?: string };
  const text = errorCodeText(error);
  const fail = (failure: 'response' | 'tls' | 'connection', message: string) =>
    new PostFailure(failure, message, { cause: error });
  if (code === 'HPE_HEADER_OVERFLOW') return fail('response', `The headers of the response exceed ${MAX_HEADER_BYTES} bytes.`);
  if (code.startsWith('HPE_')) return fail('response', `The response is not valid HTTP${text}.`);
  if (stage === 'handshake') return fail('tls', `The TLS handshake failed${text}.`);
  if (stage === 'connecting') return fail('connection', `The connection failed${text}.`);
  return fail('connection', `The connection ended before the response${text}.`);
}
