import { systemClock, type Clock } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { SessionsUnavailableError } from './session-verifier.js';

const TIMEOUT_MS = 3_000; // of one fetch, for which a request may wait
const COOLDOWN_MS = 10_000; // minimum age of the keys at a fetch for an unknown key id
const REFRESH_AFTER_MS = 5 * 60_000; // from this age on, the keys are refreshed in the background
const WAIT_AFTER_MS = 6 * 60_000; // from this age on, a session waits for the refresh
const MAX_KEY_AGE_MS = 60 * 60_000; // no key is used after this age, however many refreshes fail
const RETRY_AFTER_FAILURE_MS = 5_000; // doubles with each failure
const MAX_RETRY_AFTER_FAILURE_MS = 30_000;

const logger = getLogger('authentication');

export interface ProviderKeysOptions {
  readonly url: URL;
  readonly clock?: Clock;
  /** For tests. Default: TIMEOUT_MS. */
  readonly timeoutMs?: number;
}

interface FetchedKeys {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly fetchedAt: number;
}

/**
 * Caches the public keys of the session provider in memory. The first session fetches them. Later sessions refresh them in the
 * background every five minutes; after a period without sessions, the first session waits for the refresh. An unknown key id
 * fetches them immediately, at most every ten seconds, so a key rotation needs no action.
 *
 * A failed refresh is repeated after five seconds, then after twice the time, up to 30 seconds. Meanwhile the cached keys are used,
 * so an outage of the provider signs no user out, but never longer than an hour after the last successful fetch. Without usable
 * keys, requests fail immediately between the attempts, which are five seconds apart.
 */
export class ProviderKeys {
  private readonly url: URL;
  private readonly clock: Clock;
  private readonly timeoutMs: number;
  private keys: FetchedKeys | undefined;
  private fetching: Promise<FetchedKeys> | undefined;
  private failure: { readonly error: unknown; readonly count: number; readonly at: number } | undefined;

  constructor({ url, clock = systemClock, timeoutMs = TIMEOUT_MS }: ProviderKeysOptions) {
    this.url = url;
    this.clock = clock;
    this.timeoutMs = timeoutMs;
  }

  /**
   * Finds the key of a token, for jose.
   *
   * @throws an error of jose if the token names no key of the provider.
   * @throws SessionsUnavailableError if the keys cannot be fetched.
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    try {
      const keys = await this.currentKeys();
      try {
        return await keys.find(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey) || this.ageOf(keys) < COOLDOWN_MS) throw error;
      }
      return await (await this.fetchOnce()).find(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      if (error instanceof errors.JOSENotSupported) throw error; // unsupported algorithm of the token
      throw new SessionsUnavailableError(Math.max(1, Math.ceil(this.backoffMs / 1000)), { cause: error });
    }
  };

  private async currentKeys(): Promise<FetchedKeys> {
    const { keys } = this;
    if (!keys || this.ageOf(keys) >= MAX_KEY_AGE_MS) return this.fetchOnce();
    if (this.ageOf(keys) < REFRESH_AFTER_MS || this.backoffMs > 0) return keys;
    const waits = this.ageOf(keys) >= WAIT_AFTER_MS && this.failure === undefined;
    const refresh = this.fetchOnce().catch((error: unknown) => {
      if (waits && this.ageOf(keys) >= MAX_KEY_AGE_MS) throw error;
      return keys; // the failure is already logged
    });
    return waits ? refresh : keys;
  }

  private ageOf({ fetchedAt }: FetchedKeys): number {
    return this.clock.monotonic() - fetchedAt;
  }

  /** The time until the next fetch is allowed. 0: now. */
  private get backoffMs(): number {
    if (!this.failure) return 0;
    const isUsable = this.keys !== undefined && this.ageOf(this.keys) < MAX_KEY_AGE_MS;
    const exponent = isUsable ? this.failure.count - 1 : 0; // without keys, every user waits for the next fetch
    const delayMs = Math.min(RETRY_AFTER_FAILURE_MS * 2 ** exponent, MAX_RETRY_AFTER_FAILURE_MS);
    return Math.max(0, this.failure.at + delayMs - this.clock.monotonic());
  }

  /** Joins the fetch in flight, or starts one. After a failed fetch, rejects with its error until the next one is allowed. */
  private async fetchOnce(): Promise<FetchedKeys> {
    if (this.backoffMs > 0) throw this.failure!.error;
    this.fetching ??= this.fetch().finally(() => (this.fetching = undefined));
    return this.fetching;
  }

  private async fetch(): Promise<FetchedKeys> {
    const startedAt = this.clock.monotonic(); // a key can be withdrawn while the response is under way
    try {
      const response = await fetch(this.url, {
        redirect: 'manual',
        headers: { accept: 'application/json, application/jwk-set+json' },
        signal: AbortSignal.timeout(this.timeoutMs),
      });
      const body = await response.text(); // the timeout also covers the body
      const keySet = response.status === 200 ? keySetOf(body) : undefined;
      if (!keySet) throw new Error(`${this.url.host} responded ${response.status} without a valid key set.`);
      this.keys = { find: keySet, fetchedAt: startedAt };
    } catch (error) {
      if (!this.failure) logger.exception('session_keys_unavailable', error);
      this.failure = { error, count: (this.failure?.count ?? 0) + 1, at: this.clock.monotonic() };
      throw error;
    }
    if (this.failure) logger.info('session_keys_fetched');
    this.failure = undefined;
    return this.keys;
  }
}

/** A set without keys is invalid, because it would refuse every session. */
function keySetOf(text: string): FetchedKeys['find'] | undefined {
  try {
    const keySet = JSON.parse(text) as JSONWebKeySet;
    return keySet.keys.length ? createLocalJWKSet(keySet) : undefined;
  } catch {
    return undefined;
  }
}
