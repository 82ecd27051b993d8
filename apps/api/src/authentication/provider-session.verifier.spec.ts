import type { Clock } from '@pikaia/core';
import { captureLogs } from '@pikaia/logging/testing';
import { exportSPKI, importJWK, UnsecuredJWT, type CryptoKey, type JWTPayload } from 'jose';
import { createHmac } from 'node:crypto';
import { SessionProvider } from '../../../../test/support/http/session-provider.js';
import { waitFor } from '../../../../test/support/time/wait-for.js';
import { ProviderKeys, type ProviderKeysOptions } from './provider-keys.js';
import { ProviderSessionVerifier } from './provider-session.verifier.js';
import { SessionRefusedError, SessionsUnavailableError } from './session-verifier.js';

let provider: SessionProvider;

beforeEach(async () => {
  provider = await SessionProvider.start();
});
afterEach(() => provider.stop());

const OPERATORS = 'organization-test-operators';
const CUSTOM_DOMAIN = 'https://login.example.com';
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** A clock of the age of the keys. Tests advance it. */
class ManualClock implements Clock {
  ms = 0;
  readonly now = (): Date => new Date();
  readonly monotonic = (): number => this.ms;
}

function verifierWith(options: Partial<ProviderKeysOptions> = {}): ProviderSessionVerifier {
  const { issuer, audience, jwksUrl } = provider;
  const { find } = new ProviderKeys({ url: new URL(jwksUrl), ...options });
  return new ProviderSessionVerifier({ keys: find, issuers: [issuer, CUSTOM_DOMAIN], audience, operatorOrganization: OPERATORS });
}

describe('ProviderSessionVerifier', () => {
  it('returns member and organization of each session, and fetches the keys once for concurrent sessions', async () => {
    const verifier = verifierWith();
    const sessions = await Promise.all([1, 2, 3].map(async (n) => verifier.verify(await provider.sign(`member-test-${n}`))));
    expect(sessions).toEqual(
      [1, 2, 3].map((n) => ({
        kind: 'member',
        id: 'session-test-1',
        subject: `member-test-${n}`,
        organization: 'organization-test-1',
        expiresAtMs: expect.any(Number),
      })),
    );
    expect(provider.fetches).toBe(1);
  });

  it('accepts a token of each of its issuers', async () => {
    const verifier = verifierWith();
    for (const issuer of [provider.issuer, CUSTOM_DOMAIN])
      expect(await verifier.verify(await provider.sign('m', { issuer }))).toHaveProperty('subject', 'm');
  });

  it("returns an operator session only for the configured operators' organization", async () => {
    const verifier = verifierWith();
    expect(await verifier.verify(await provider.sign('member-test-9', { organization: OPERATORS }))).toEqual({
      kind: 'operator',
      id: 'session-test-1',
      subject: 'member-test-9',
      expiresAtMs: expect.any(Number),
    });
    const { operatorOrganization: _, ...options } = {
      operatorOrganization: 0,
      issuers: [provider.issuer],
      audience: provider.audience,
    };
    const without = new ProviderSessionVerifier({ ...options, keys: new ProviderKeys({ url: new URL(provider.jwksUrl) }).find });
    expect(await without.verify(await provider.sign('m', { organization: OPERATORS }))).toMatchObject({
      kind: 'member',
      organization: OPERATORS,
    });
    await expect(without.verify(await provider.sign('m', { organization: null }))).rejects.toThrow(SessionRefusedError);
  });

  it.each([
    ['has expired by more than the clock tolerance', () => provider.sign('m', { expires: -40 })],
    ['becomes valid later than the clock tolerance allows', () => provider.sign('m', { notBefore: 40 })],
    ['has another issuer', () => provider.sign('m', { issuer: 'stytch.com/project-test-2' })],
    ['has an issuer with a slash more', () => provider.sign('m', { issuer: `${CUSTOM_DOMAIN}/` })],
    ['has an issuer in another case', () => provider.sign('m', { issuer: 'https://LOGIN.example.com' })],
    ['has the whole list as its issuer', () => provider.sign('m', { issuer: `${provider.issuer},${CUSTOM_DOMAIN}` })],
    ['has a list of issuers', () => provider.sign('m', { claims: { iss: [provider.issuer] } })],
    ['has no issuer', () => provider.sign('m', { claims: { iss: undefined } })],
    ['has another audience', () => provider.sign('m', { audience: 'project-test-2' })],
    ['has no expiry', () => provider.sign('m', { claims: { exp: undefined } })],
    ['names no organization', () => provider.sign('m', { organization: null })],
    ['was issued in the future', () => provider.sign('m', { claims: { iat: inSeconds(40) } })],
    ['was issued more than a day ago but has not expired', () => provider.sign('m', { claims: { iat: inSeconds(-86_500) } })],
    ['has no issue time', () => provider.sign('m', { claims: { iat: undefined } })],
    ['belongs to an ended session', () => provider.sign('m', { claims: sessionWith({ expires_at: '2020-01-01T00:00:00Z' }) })],
    [
      'belongs to a session that has not begun',
      () => provider.sign('m', { claims: sessionWith({ started_at: '2100-01-01T00:00:00Z' }) }),
    ],
    ['has U+0000 in its subject', () => provider.sign('m\u0000')],
    ['has U+0000 in its organization', () => provider.sign('m', { organization: 'o\u0000' })],
    ['has U+0000 in its session', () => provider.sign('m', { claims: sessionWith({ id: 's\u0000' }) })],
    ['has no subject', () => provider.sign('m', { claims: { sub: undefined } })],
    ['has no session claim', () => provider.sign('m', { claims: { 'https://stytch.com/session': undefined } })],
    ['is not a JWT', async () => 'nonsense'],
    ['is not signed', async () => new UnsecuredJWT(provider.claims('m') as JWTPayload).encode()],
    [
      'declares the algorithm none',
      async () => (await provider.sign('m')).replace(/^[^.]+/, base64({ alg: 'none', kid: 'first' })),
    ],
    ['is signed by HMAC with the public key as the secret', () => confused()],
    ['is signed by the same key with another algorithm', () => signedAs('PS256')],
    [
      'names an unpublished key',
      async () => (await provider.addKey('stranger', { publish: false }), provider.sign('m', { kid: 'stranger' })),
    ],
    [
      'is signed by a different key than it names',
      async () => {
        await provider.addKey('stranger', { publish: false });
        const [, payload, signature] = (await provider.sign('m', { kid: 'stranger' })).split('.');
        return `${base64({ alg: 'RS256', kid: 'first' })}.${payload}.${signature}`;
      },
    ],
    [
      'contains its own key',
      async () => {
        await provider.addKey('stranger', { publish: false });
        const [, payload, signature] = (await provider.sign('m', { kid: 'stranger' })).split('.');
        return `${base64({ alg: 'RS256', jwk: provider.publicKey('stranger') })}.${payload}.${signature}`;
      },
    ],
  ])('refuses a token that %s', async (_, make) => {
    await expect(verifierWith().verify(await make())).rejects.toThrow(SessionRefusedError);
  });

  const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;
  const sessionWith = (changed: object) => ({ 'https://stytch.com/session': { id: 'session-test-1', ...changed } });

  it.each([
    ['a list', ['first']],
    ['a number', 1],
    ['a text with U+0000', 'first\u0000'],
    ['huge', 'k'.repeat(10_000)],
  ])('refuses a token, instead of reporting unavailability, if its key id is %s', async (_, kid) => {
    const [, payload] = (await provider.sign('m')).split('.');
    const token = `${base64({ alg: 'RS256', kid })}.${payload}.${base64({})}`;
    await expect(verifierWith().verify(token)).rejects.toThrow(SessionRefusedError);
  });

  it.each([
    ['a token that expired within it', { expires: -20 }],
    ['a token that becomes valid within it', { notBefore: 20 }],
  ])('applies the clock tolerance to %s', async (_, options) => {
    await expect(verifierWith().verify(await provider.sign('m', options))).resolves.toMatchObject({ subject: 'm' });
  });

  const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  /** HS256 with the public key as the secret: an attack on verifiers that let the token choose the algorithm. */
  async function confused(): Promise<string> {
    const key = (await importJWK(provider.publicKey('first'), 'RS256', { extractable: true })) as CryptoKey;
    const input = `${base64({ alg: 'HS256', kid: 'first' })}.${base64(provider.claims('m'))}`;
    return `${input}.${createHmac('sha256', await exportSPKI(key))
      .update(input)
      .digest('base64url')}`;
  }

  async function signedAs(alg: string): Promise<string> {
    await provider.addKey('other-way', { alg });
    return provider.sign('m', { kid: 'other-way' });
  }
});

describe('ProviderKeys', () => {
  let clock: ManualClock;
  let verifier: ProviderSessionVerifier;
  let token: string;

  beforeEach(async () => {
    clock = new ManualClock();
    verifier = verifierWith({ clock, timeoutMs: 200 });
    token = await provider.sign('m');
    await verifier.verify(token);
  });

  /** Resolves to `accepted`, or to the name of the error. */
  const resultOf = (verifying: Promise<unknown>): Promise<string> =>
    verifying.then(
      () => 'accepted',
      (error: Error) => error.name,
    );
  /** Verifies the token, and waits for the fetch that this starts: a token with an unknown key id joins it. */
  async function verifyAndFetch(): Promise<string> {
    const result = await resultOf(verifier.verify(token));
    await provider.addKey('stranger', { publish: false });
    await resultOf(verifier.verify(await provider.sign('m', { kid: 'stranger' })));
    return result;
  }

  async function withdrawKey(): Promise<void> {
    await provider.addKey('second');
    provider.withdrawKey('first');
  }

  it('fetches the keys again for an unknown key id, so a key rotation needs no action', async () => {
    await provider.addKey('second');
    clock.ms += 10 * SECOND;
    await expect(verifier.verify(await provider.sign('m', { kid: 'second' }))).resolves.toMatchObject({ subject: 'm' });
    expect(provider.fetches).toBe(2);
  });

  it('fetches the keys at most every ten seconds for any number of unknown key ids', async () => {
    await provider.addKey('stranger', { publish: false });
    const unknown = await provider.sign('m', { kid: 'stranger' });
    clock.ms += 10 * SECOND - 1;
    for (let n = 0; n < 20; n++) await expect(verifier.verify(unknown)).rejects.toThrow(SessionRefusedError);
    expect(provider.fetches).toBe(1);
    clock.ms += 1;
    for (let n = 0; n < 20; n++) await expect(verifier.verify(unknown)).rejects.toThrow(SessionRefusedError);
    expect(provider.fetches).toBe(2);
  });

  it('refreshes keys that are five minutes old in the background, so a withdrawn key is refused soon', async () => {
    await withdrawKey();
    clock.ms += 5 * MINUTE - 1;
    expect([await resultOf(verifier.verify(token)), provider.fetches]).toEqual(['accepted', 1]);
    clock.ms += 1;
    expect(await resultOf(verifier.verify(token))).toBe('accepted');
    await waitFor('the refusal', async () => (await resultOf(verifier.verify(token))) === 'SessionRefusedError');
    expect(provider.fetches).toBe(2);
  });

  it('refuses a withdrawn key at the first session after a long time without sessions', async () => {
    await withdrawKey();
    clock.ms += 6 * MINUTE;
    expect(await resultOf(verifier.verify(token))).toBe('SessionRefusedError');
  });

  it('repeats a failed refresh after seconds, so one failure does not extend the life of a withdrawn key', async () => {
    await withdrawKey();
    provider.fault = 503;
    clock.ms += 5 * MINUTE;
    expect(await verifyAndFetch()).toBe('accepted');
    provider.fault = undefined;
    clock.ms += 5 * SECOND;
    expect(await verifyAndFetch()).toBe('accepted');
    expect(await resultOf(verifier.verify(token))).toBe('SessionRefusedError');
    expect(provider.fetches).toBe(3);
  });

  it('doubles the time between attempts during an outage, up to 30 seconds', async () => {
    provider.fault = 503;
    clock.ms += 5 * MINUTE;
    await verifyAndFetch();
    for (const [index, seconds] of [5, 10, 20, 30, 30].entries()) {
      clock.ms += seconds * SECOND - 1;
      for (let n = 0; n < 3; n++) await verifyAndFetch();
      expect(provider.fetches).toBe(2 + index);
      clock.ms += 1;
      expect(await verifyAndFetch()).toBe('accepted');
      expect(provider.fetches).toBe(3 + index);
    }
  });

  it('accepts sessions for an hour of an outage, then reports unavailability instead of refusing them, and logs both ends', async () => {
    using logs = captureLogs();
    for (const fault of ['cut', 503, 'silent', 'no JSON', '{"keys":7}', '{"keys":[]}', 302] as const) {
      provider.fault = fault;
      clock.ms += 7 * MINUTE;
      const before = provider.fetches;
      expect(await verifyAndFetch()).toBe('accepted');
      expect(provider.fetches).toBe(before + 1);
    }
    clock.ms = 60 * MINUTE - 1;
    expect(await verifyAndFetch()).toBe('accepted');
    clock.ms = 60 * MINUTE;
    expect(await verifyAndFetch()).toBe('SessionsUnavailableError');
    provider.fault = undefined;
    clock.ms += 5 * SECOND; // without keys, an attempt every five seconds
    expect(await verifyAndFetch()).toBe('accepted');
    expect(logs.records.map(({ event }) => event)).toEqual(['session_keys_unavailable', 'session_keys_fetched']);
  });

  it.each(['cut', 500, 404, 'silent', 'no JSON', '{}', '{"keys":[]}'] as const)(
    'reports unavailability if the first fetch fails, and does not fetch again for the next session: %s',
    async (fault) => {
      const fresh = verifierWith({ clock, timeoutMs: 200 });
      provider.fault = fault;
      const failing = async () => fresh.verify(token).catch((error: unknown) => error);
      const before = provider.fetches;
      expect(await failing()).toBeInstanceOf(SessionsUnavailableError);
      expect(await failing()).toMatchObject({ retryAfterSeconds: 5 });
      clock.ms += 4.5 * SECOND;
      expect(await failing()).toMatchObject({ retryAfterSeconds: 1 });
      expect(provider.fetches).toBe(before + 1);
      provider.fault = undefined;
      clock.ms += 0.5 * SECOND;
      expect(await resultOf(fresh.verify(token))).toBe('accepted');
    },
  );

  it('reports unavailability for an unknown key id while the provider is unreachable', async () => {
    await provider.addKey('second');
    provider.fault = 'cut';
    clock.ms += 10 * SECOND;
    await expect(verifier.verify(await provider.sign('m', { kid: 'second' }))).rejects.toThrow(SessionsUnavailableError);
  });
});
