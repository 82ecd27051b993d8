import { hash } from 'node:crypto';
import { systemClock, type Clock } from '@pikaia/core';
import { LRUCache } from 'lru-cache';
import type { Session, SessionVerifier } from './session-verifier.js';

const REMEMBERED_MS = 5_000; // how long a session outlives the key of its token
const MAX_SESSIONS = 10_000;

/**
 * Remembers verified sessions for five seconds by the hash of their token, because a client sends the same token with each request,
 * and the signature takes longer than the rest of authentication. Never longer than the session is valid. Membership and role are not
 * part of a session, so they are still read for each request.
 */
export class RememberedSessions implements SessionVerifier {
  private readonly sessions: LRUCache<string, Session>;

  constructor(
    private readonly verifier: SessionVerifier,
    private readonly clock: Clock = systemClock,
  ) {
    const perf = { now: () => clock.monotonic() };
    this.sessions = new LRUCache({ max: MAX_SESSIONS, ttl: REMEMBERED_MS, ttlResolution: 0, perf });
  }

  async verify(token: string): Promise<Session> {
    const key = hash('sha256', token, 'base64');
    const known = this.sessions.get(key);
    if (known && known.expiresAtMs > this.clock.now().getTime()) return known;
    const session = await this.verifier.verify(token);
    this.sessions.set(key, session);
    return session;
  }
}
