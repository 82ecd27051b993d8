import type { Clock } from '@pikaia/core';
import { RememberedSessions } from './remembered-sessions.js';
import { SessionRefusedError, type Session, type SessionVerifier } from './session-verifier.js';

const START = Date.parse('2026-03-01T12:00:00Z');

class ManualClock implements Clock {
  ms = 1_000; // lru-cache reads 0 as "no time"
  readonly now = (): Date => new Date(START + this.ms - 1_000);
  readonly monotonic = (): number => this.ms;
}

/** Accepts every token until `refuses` is set. */
class CountingVerifier implements SessionVerifier {
  verified: string[] = [];
  refuses = false;

  constructor(private readonly expiresAtMs: number) {}

  verify(token: string): Promise<Session> {
    this.verified.push(token);
    if (this.refuses) return Promise.reject(new SessionRefusedError('the key was withdrawn'));
    const session = { id: `session-${token}`, subject: `member-${token}`, organization: 'organization-1' };
    return Promise.resolve({ kind: 'member', ...session, expiresAtMs: this.expiresAtMs });
  }
}

function remember(expiresAtMs = Infinity) {
  const [verifier, clock] = [new CountingVerifier(expiresAtMs), new ManualClock()];
  return { verifier, clock, sessions: new RememberedSessions(verifier, clock) };
}

describe('RememberedSessions', () => {
  it('verifies a token once in five seconds, and each other token by itself', async () => {
    const { verifier, clock, sessions } = remember();
    const session = await sessions.verify('a');
    clock.ms += 4_999;
    expect(await sessions.verify('a')).toBe(session);
    expect(await sessions.verify('b')).toMatchObject({ subject: 'member-b' });
    clock.ms += 2;
    await sessions.verify('a');
    expect(verifier.verified).toEqual(['a', 'b', 'a']);
  });

  it('refuses a token whose key was withdrawn after at most five seconds, however often it is used', async () => {
    const { verifier, clock, sessions } = remember();
    await sessions.verify('a');
    verifier.refuses = true;
    for (; clock.ms < 5_900; clock.ms += 100) await sessions.verify('a');
    clock.ms += 200;
    await expect(sessions.verify('a')).rejects.toThrow(SessionRefusedError);
  });

  it('refuses a session from the moment at which it ends', async () => {
    const { verifier, clock, sessions } = remember(START + 2_000);
    await sessions.verify('a');
    verifier.refuses = true;
    clock.ms += 1_999;
    await expect(sessions.verify('a')).resolves.toBeDefined();
    clock.ms += 1;
    await expect(sessions.verify('a')).rejects.toThrow(SessionRefusedError);
  });

  it('remembers no refusal, so that a token can become valid', async () => {
    const { verifier, sessions } = remember();
    verifier.refuses = true;
    await expect(sessions.verify('a')).rejects.toThrow(SessionRefusedError);
    verifier.refuses = false;
    await expect(sessions.verify('a')).resolves.toBeDefined();
  });

  it('remembers at most 10,000 sessions, the latest ones', async () => {
    const { verifier, sessions } = remember();
    for (let token = 0; token <= 10_000; token++) await sessions.verify(String(token));
    await sessions.verify('10000');
    expect(verifier.verified).toHaveLength(10_001);
    await sessions.verify('0');
    expect(verifier.verified).toHaveLength(10_002);
  });
});
