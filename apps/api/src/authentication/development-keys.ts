import { exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { PikaiaError } from '@pikaia/core';

export const DEVELOPMENT_ISSUER = 'stytch.com/project-development';
export const DEVELOPMENT_AUDIENCE = 'project-development';
/** The development issuer's operators belong to it, as a provider's do to SESSION_OPERATOR_ORGANIZATION. */
export const DEVELOPMENT_OPERATOR_ORGANIZATION = 'organization-development-operators';
export const ALGORITHM = 'RS256';

/** @throws PikaiaError `PIKAIA_DEVELOPMENT_SESSIONS_IN_PRODUCTION` when NODE_ENV is production: anyone could make a session. */
export function refuseInProduction(): void {
  if (process.env['NODE_ENV'] === 'production') {
    throw new PikaiaError(
      'PIKAIA_DEVELOPMENT_SESSIONS_IN_PRODUCTION',
      'The development issuer refuses to run with NODE_ENV=production: whoever reads its key could sign in as anybody. Set SESSION_JWKS_URL, SESSION_ISSUER and SESSION_AUDIENCE to those of a session provider.',
    );
  }
}

/** The key pair in `directory`, made at the first use; processes that make it at the same time agree on one. */
export async function developmentKeys(directory: string): Promise<{ privateKey: CryptoKey; publicKey: CryptoKey }> {
  refuseInProduction();
  const file = join(directory, 'session.private.jwk.json');
  const jwk = read(file) ?? (await make(directory, file));
  const { kty, n, e, alg } = jwk;
  return {
    privateKey: (await importJWK(jwk, ALGORITHM)) as CryptoKey,
    publicKey: (await importJWK({ kty, n, e, alg } as JWK, ALGORITHM)) as CryptoKey,
  };
}

function read(file: string): JWK | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JWK;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function make(directory: string, file: string): Promise<JWK> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const own = `${file}.${randomUUID()}`;
  writeFileSync(own, JSON.stringify({ ...(await exportJWK(privateKey)), alg: ALGORITHM }), { mode: 0o600 });
  try {
    linkSync(own, file); // whole or not at all, and only the first wins
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(own);
  }
  return read(file)!;
}
