import { getLogger } from '@pikaia/logging';
import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTVerifyGetKey } from 'jose';
import { SessionsUnavailableError } from './session-verifier.js';

const TIMEOUT_MS = 3_000; // of one fetch, for which a request may wait
const COOLDOWN_MS = 10_000; // minimum time between two fetches for unknown key ids
const REFRESH_AFTER_MS = 5 * 60_000; // a withdrawn key is accepted for this long while fetches succeed
const MAX_KEY_AGE_MS = 60 * 60_000; // keys are used for this long while fetches fail
const RETRY_AFTER_FAILURE_MS = 5_000;

const logger = getLogger('authentication');

export interface ProviderKeysOptions {
  readonly url: URL;
  /** For tests. Defaults: TIMEOUT_MS and so on. */
  readonly timings?: Partial<typeof defaults>;
}

const defaults = {
  timeoutMs: TIMEOUT_MS,
  cooldownMs: COOLDOWN_MS,
  refreshAfterMs: REFRESH_AFTER_MS,
  maxKeyAgeMs: MAX_KEY_AGE_MS,
  retryAfterFailureMs: RETRY_AFTER_FAILURE_MS,
};

/**
 * Caches the public keys of the session provider in memory. The first session fetches them. Later sessions refresh them in the
 * background every five minutes. An unknown key id fetches them immediately, at most every ten seconds, so a key rotation needs no
 * action.
 *
 * While the provider is unreachable, the cached keys are used for one hour. For five seconds after a failed fetch, no new fetch
 * starts, and requests that need one fail immediately.
 */
export class ProviderKeys {
  private readonly timings;
  private readonly remote;
  private failedAt = -Infinity;
  private failure: unknown;
  private fetchedAt = -Infinity;

  constructor({ url, timings = {} }: ProviderKeysOptions) {
    this.timings = { ...defaults, ...timings };
    this.remote = createRemoteJWKSet(url, {
      timeoutDuration: this.timings.timeoutMs,
      cooldownDuration: this.timings.cooldownMs,
      cacheMaxAge: this.timings.maxKeyAgeMs,
      [customFetch]: this.fetch,
    });
  }

  /**
   * Finds the key of a token, for jose.
   *
   * @throws an error of jose if the token names no key of the provider.
   * @throws SessionsUnavailableError if the keys cannot be fetched.
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    this.refreshInBackground();
    try {
      return await this.remote(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      if (error instanceof errors.JOSENotSupported) throw error; // unsupported algorithm of the token
      throw new SessionsUnavailableError(Math.ceil(this.timings.retryAfterFailureMs / 1000), { cause: error });
    }
  };

  private refreshInBackground(): void {
    const now = performance.now();
    if (this.fetchedAt === -Infinity || now - this.fetchedAt < this.timings.refreshAfterMs || this.isFailing(now)) return;
    this.fetchedAt = now; // prevents concurrent refreshes
    this.remote.reload().catch(() => undefined); // already logged; the cached keys stay in use
  }

  private isFailing(now: number): boolean {
    return now - this.failedAt < this.timings.retryAfterFailureMs;
  }

  private readonly fetch: FetchImplementation = async (url, options) => {
    if (this.isFailing(performance.now())) throw this.failure;
    try {
      const answer = await fetch(url, options);
      const body = await answer.text(); // the timeout also covers the body
      if (answer.status !== 200 || !isKeySet(body)) {
        throw new Error(`${new URL(url).host} responded ${answer.status} without a valid key set.`);
      }
      if (this.failure !== undefined) logger.info('session_keys_fetched');
      this.failure = undefined;
      this.fetchedAt = performance.now();
      return new Response(body, { status: answer.status, headers: answer.headers });
    } catch (error) {
      if (this.failure === undefined) logger.exception('session_keys_unavailable', error);
      this.failure = error;
      this.failedAt = performance.now();
      throw error;
    }
  };
}

function isKeySet(text: string): boolean {
  try {
    return Array.isArray((JSON.parse(text) as { keys?: unknown } | null)?.keys);
  } catch {
    return false;
  }
}
