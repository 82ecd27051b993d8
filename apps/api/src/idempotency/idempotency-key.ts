import { Problem } from '../errors/problem.js';

export const IDEMPOTENCY_HEADER = 'idempotency-key';

const MAX_CHARACTERS = 255;
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/; // a string of RFC 8941 section 3.3.3
const BARE = /^[!#-+\--:<-[\]-~]+$/; // visible ASCII without the characters " , ; \

/**
 * Reads an `Idempotency-Key`. Accepts the quoted string of the draft and the bare form that many clients send: `"a1"` and `a1`
 * are the same key.
 *
 * @throws Problem 400 if the header is not a key of 1 to 255 characters.
 */
export function parseIdempotencyKey(header: string): string {
  const key = QUOTED.exec(header)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? BARE.exec(header)?.[0];
  if (key === undefined || key.trim() === '' || key.length > MAX_CHARACTERS)
    throw Problem.badRequest(
      `Idempotency-Key must be one key of 1 to ${MAX_CHARACTERS} visible ASCII characters, such as "8e03978e-40d5-43dd-bc93-6894a57f9324", with or without the quotes.`,
    );
  return key;
}
