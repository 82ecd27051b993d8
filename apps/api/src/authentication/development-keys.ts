import { exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { isProduction, PikaiaError } from '@pikaia/core';

export const DEVELOPMENT_ISSUER = 'stytch.com/project-development';
export const DEVELOPMENT_AUDIENCE = 'project-development';
/** The organization of operators at the development issuer. A provider uses SESSION_OPERATOR_ORGANIZATION instead. */
export const DEVELOPMENT_OPERATOR_ORGANIZATION = 'organization-development-operators';
export const ALGORITHM = 'RS256';

/**
 * @throws PikaiaError `PIKAIA_DEVELOPMENT_SESSIONS_IN_PRODUCTION` if NODE_ENV is production, where its sessions would be unsafe.
 */
function refuseInProduction(): void {
  if (isProduction()) {
    throw new PikaiaError(
      'PIKAIA_DEVELOPMENT_SESSIONS_IN_PRODUCTION',
      'The development issuer refuses to run with NODE_ENV=production, because anyone who reads its key can sign in as any user. Set SESSION_JWKS_URL, SESSION_ISSUER and SESSION_AUDIENCE to those of a session provider.',
    );
  }
}

/** Reads the key pair in `directory`, or creates it. Processes that start at the same time use the same pair. */
export async function developmentKeys(directory: string): Promise<{ privateKey: CryptoKey; publicKey: CryptoKey }> {
  refuseInProduction();
  const file = join(directory, 'session.private.jwk.json');
  const jwk = readKey(file) ?? (await createKey(directory, file));
  const { kty, n, e, alg } = jwk;
  return {
    privateKey: (await importJWK(jwk, ALGORITHM)) as CryptoKey,
    publicKey: (await importJWK({ kty, n, e, alg } as JWK, ALGORITHM)) as CryptoKey,
  };
}

function readKey(file: string): JWK | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JWK;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function createKey(directory: string, file: string): Promise<JWK> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const temporaryFile = `${file}.${randomUUID()}`;
  writeFileSync(temporaryFile, JSON.stringify({ ...(await exportJWK(privateKey)), alg: ALGORITHM }), { mode: 0o600 });
  try {
    linkSync(temporaryFile, file); // atomic, and fails if another process was first
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporaryFile);
  }
  return readKey(file)!;
}
