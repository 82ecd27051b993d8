import type { RequestListener } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { HttpStub } from './http.stub.js';

interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export interface TokenOptions {
  readonly organization?: string | null;
  /** The address to which the provider sent the link of the sign-in. */
  readonly email?: string;
  readonly kid?: string;
  readonly issuer?: string;
  readonly audience?: string;
  /** Seconds from now. */
  readonly expires?: number;
  readonly notBefore?: number;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** The key pairs by name. Each is generated once in a process, because RSA keys are slow to generate. */
const keyPairs = new Map<string, Promise<KeyPair>>();

async function generateSigningKey(kid: string, alg: string): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** A session provider with the claims of Stytch B2B. It signs tokens and serves its public keys over HTTP. */
export class SessionProvider extends HttpStub {
  readonly issuer = 'stytch.com/project-test-1';
  readonly audience = 'project-test-1';
  /** The number of requests for the keys. */
  fetches = 0;
  /** The failure of requests for the keys: no response, a disconnect, a status code or another body. */
  fault: 'silent' | 'cut' | number | string | undefined;
  private readonly pairs = new Map<string, KeyPair>();
  private readonly published = new Set<string>();

  static async start(): Promise<SessionProvider> {
    const provider = await new SessionProvider().listen();
    await provider.addKey('first');
    return provider;
  }

  get jwksUrl(): string {
    return `${this.url}/keys`;
  }

  protected readonly respond: RequestListener = (_, response) => {
    this.fetches++;
    const { fault } = this;
    if (fault === 'silent') return;
    if (fault === 'cut') return void response.destroy();
    if (typeof fault === 'number') return void response.writeHead(fault).end('{}');
    const keys = [...this.published].map((kid) => this.pairs.get(kid)!.jwk);
    response.writeHead(200, { 'content-type': 'application/json' }).end(fault ?? JSON.stringify({ keys }));
  };

  /** Generates a key and publishes it unless `publish` is false. */
  async addKey(kid: string, { publish = true, alg = 'RS256' } = {}): Promise<void> {
    const name = `${kid} ${alg}`;
    if (!keyPairs.has(name)) keyPairs.set(name, generateSigningKey(kid, alg));
    this.pairs.set(kid, await keyPairs.get(name)!);
    if (publish) this.published.add(kid);
  }

  withdrawKey(kid: string): void {
    this.published.delete(kid);
  }

  publicKey(kid: string): JWK {
    return this.pairs.get(kid)!.jwk;
  }

  claims(
    subject: string,
    { organization = 'organization-test-1', email, issuer, audience, expires = 300, notBefore = 0, claims }: TokenOptions = {},
  ) {
    const now = Math.floor(Date.now() / 1000);
    return {
      sub: subject,
      iss: issuer ?? this.issuer,
      aud: [audience ?? this.audience],
      iat: now,
      nbf: now + notBefore,
      exp: now + expires,
      'https://stytch.com/session': {
        id: 'session-test-1',
        started_at: new Date().toISOString(),
        last_accessed_at: new Date().toISOString(),
        expires_at: new Date(Date.now() + 3_600_000).toISOString(),
        attributes: { ip_address: '192.0.2.1', user_agent: 'a browser' },
        authentication_factors: [
          {
            type: 'magic_link',
            delivery_method: 'email',
            ...(email !== undefined && { email_factor: { email_address: email } }),
          },
        ],
        roles: ['stytch_member'],
      },
      ...(organization !== null && { 'https://stytch.com/organization': { organization_id: organization, slug: 'acme' } }),
      ...claims,
    };
  }

  sign(subject: string, options: TokenOptions = {}): Promise<string> {
    const kid = options.kid ?? 'first';
    const { privateKey, jwk } = this.pairs.get(kid)!;
    return new SignJWT(this.claims(subject, options)).setProtectedHeader({ alg: jwk.alg!, kid, typ: 'JWT' }).sign(privateKey);
  }
}
