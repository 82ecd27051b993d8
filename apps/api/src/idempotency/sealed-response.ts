import { SetMetadata } from '@nestjs/common';
import type { SecretCipher } from '@pikaia/webhooks';
import type { StoredResponse } from './stored-response.js';

export const SEALED = 'pikaia.sealed-response';

/** Declares that the response of the route contains a secret. Then it is encrypted where it is stored with its idempotency key. */
export const SealedResponse = (): MethodDecorator => SetMetadata(SEALED, true);

const PREFIX = 'sealed:'; // no JSON text begins with it

/** Encrypts the body of a response. `id` is that of the key, so a body cannot be moved to another key. */
export function seal(response: StoredResponse, id: string, cipher: SecretCipher): StoredResponse {
  if (response.body === null) return response;
  const { keyId, ciphertext } = cipher.encrypt(response.body, id);
  return { ...response, body: `${PREFIX}${keyId}.${ciphertext}` };
}

/** Decrypts a body that `seal` has encrypted. Another response, such as an error, stays as it is. */
export function unseal(response: StoredResponse, id: string, cipher: SecretCipher): StoredResponse {
  if (!response.body?.startsWith(PREFIX)) return response;
  const [keyId, ciphertext] = response.body.slice(PREFIX.length).split('.') as [string, string];
  return { ...response, body: cipher.decrypt({ keyId, ciphertext }, id) };
}
