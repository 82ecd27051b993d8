import { splitList } from '@pikaia/core';

const STYTCH = 'stytch.com/'; // the issuer of a Stytch project without a custom domain is stytch.com/<project>
const JWKS_OF_PROJECT = /\/sessions\/jwks\/([^/]+)$/; // the path of the keys of a Stytch project

/** Returns the problem with a list of issuers. Each issuer of Stytch must belong to the project of the audience. */
export function issuersProblem(list: unknown, audience: string | undefined): string | undefined {
  if (typeof list !== 'string') return 'is required with SESSION_JWKS_URL';
  const issuers = splitList(list);
  if (issuers.includes('')) return 'must not contain an empty issuer';
  if (new Set(issuers).size < issuers.length) return 'must not contain an issuer twice';
  return issuers.map((issuer) => issuerProblem(issuer, audience)).find((problem) => problem !== undefined);
}

function issuerProblem(issuer: string, audience: string | undefined): string | undefined {
  if (/\s/.test(issuer)) return 'must separate its issuers by commas';
  if (issuer.startsWith(STYTCH) && audience !== undefined && issuer !== STYTCH + audience)
    return `must name the project of SESSION_AUDIENCE in each issuer of Stytch: ${STYTCH}${audience}`;
  if (!issuer.includes('://')) return undefined;
  if (!URL.canParse(issuer) || !/^https?:\/\//.test(issuer)) return 'must have valid https URLs';
  return /[/?#]$/.test(issuer) ? 'must have URLs without a slash at the end, because tokens have none' : undefined;
}

/** Returns the problem with the URL of the keys, if it names a Stytch project other than that of the audience. */
export function keysProblem(jwksUrl: unknown, audience: string | undefined): string | undefined {
  const project = typeof jwksUrl === 'string' && URL.canParse(jwksUrl) && JWKS_OF_PROJECT.exec(new URL(jwksUrl).pathname)?.[1];
  return project && audience !== undefined && project !== audience
    ? `must have the keys of the project of SESSION_AUDIENCE, ${audience}`
    : undefined;
}
