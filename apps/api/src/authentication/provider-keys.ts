import { getLogger } from '@pikaia/logging';
import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTVerifyGetKey } from 'jose';
import { SessionsUnavailableError } from './session-verifier.js';

const TIMEOUT_MS = 3_000; // a request waits for the provider no longer
const COOLDOWN_MS = 10_000; // an unknown key id asks for the keys again, but not more often
const REFRESH_AFTER_MS = 5 * 60_000; // so long a key that was withdrawn is believed while all is well
const KEEP_MS = 60 * 60_000; // and so long keys are used that cannot be fetched anew
const RETRY_AFTER_FAILURE_MS = 5_000;

const logger = getLogger('authentication');

export interface ProviderKeysOptions {
  readonly url: URL;
  /** Default TIMEOUT_MS and so on; for tests. */
  readonly timings?: Partial<typeof defaults>;
}

const defaults = {
  timeoutMs: TIMEOUT_MS,
  cooldownMs: COOLDOWN_MS,
  refreshAfterMs: REFRESH_AFTER_MS,
  keepMs: KEEP_MS,
  retryAfterFailureMs: RETRY_AFTER_FAILURE_MS,
};

/**
 * The provider's public keys, kept in memory. They are fetched when the first session comes, anew in the background every five
 * minutes while sessions come, and at once, every ten seconds at most, for a key id that is not known: a rotation needs nothing.
 * While the provider is away those that are there go on for an hour, and nobody waits for a fetch that failed just before.
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
      cacheMaxAge: this.timings.keepMs,
      [customFetch]: this.fetch,
    });
  }

  /**
   * The key of a token, for jose's verification.
   *
   * @throws jose's errors where the token names no key of the provider's; SessionsUnavailableError where that cannot be told
   * since the keys cannot be fetched.
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    this.refreshInBackground();
    try {
      return await this.remote(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      if (error instanceof errors.JOSENotSupported) throw error; // the token's algorithm
      throw new SessionsUnavailableError(Math.ceil(this.timings.retryAfterFailureMs / 1000), { cause: error });
    }
  };

  private refreshInBackground(): void {
    const now = performance.now();
    if (this.fetchedAt === -Infinity || now - this.fetchedAt < this.timings.refreshAfterMs || this.isFailing(now)) return;
    this.fetchedAt = now; // one of the requests at this moment is enough
    this.remote.reload().catch(() => undefined); // it has been logged; the keys that are there go on
  }

  private isFailing(now: number): boolean {
    return now - this.failedAt < this.timings.retryAfterFailureMs;
  }

  private readonly fetch: FetchImplementation = async (url, options) => {
    if (this.isFailing(performance.now())) throw this.failure;
    try {
      const answer = await fetch(url, options);
      const body = await answer.text(); // within the time limit too
      if (answer.status !== 200 || !isKeySet(body)) {
        throw new Error(`${new URL(url).host} answered ${answer.status} with something else than its keys.`);
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
