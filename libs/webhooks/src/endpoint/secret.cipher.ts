import { PikaiaError } from '@pikaia/core';
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_CHARACTERS = 8;
const PURPOSE = 'pikaia webhook secrets';

interface Key {
  readonly id: string;
  readonly bytes: Buffer;
}

/** A text that `SecretCipher` has encrypted. */
export interface EncryptedText {
  /** Identifies the key: a part of its hash. */
  readonly keyId: string;
  readonly ciphertext: string;
}

/**
 * Encrypts texts with AES-256-GCM. The first key encrypts. All keys decrypt, so a new key can be put before the old one.
 *
 * `binding` is authenticated and not stored, such as the id of the row: a ciphertext that is copied to another row is refused.
 */
export class SecretCipher {
  private readonly current: Key;
  private readonly keys: ReadonlyMap<string, Key>;

  /** @param keys texts of any length; their bytes are derived with HKDF. At least one. */
  constructor(keys: readonly [string, ...string[]]) {
    const derived = keys.map(deriveKey);
    this.current = derived[0]!;
    this.keys = new Map(derived.map((key) => [key.id, key]));
  }

  /** The key that encrypts. */
  get keyId(): string {
    return this.current.id;
  }

  encrypt(text: string, binding: string): EncryptedText {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.current.bytes, nonce).setAAD(Buffer.from(binding));
    const encrypted = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return { keyId: this.current.id, ciphertext: encrypted.toString('base64url') };
  }

  /**
   * @throws PikaiaError `PIKAIA_WEBHOOK_SECRET_UNREADABLE` if WEBHOOK_SECRET_KEYS lacks the key, or the ciphertext was changed or
   * encrypted with another binding.
   */
  decrypt({ keyId, ciphertext }: EncryptedText, binding: string): string {
    const key = this.keys.get(keyId);
    if (!key)
      throw unreadable(`WEBHOOK_SECRET_KEYS lacks the key ${keyId}, which encrypts it. Add the key at the end of the list.`);
    const bytes = Buffer.from(ciphertext, 'base64url');
    try {
      const decipher = createDecipheriv(ALGORITHM, key.bytes, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(binding))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString();
    } catch (cause) {
      throw unreadable('Its row was changed or copied from another endpoint. Rotate the secret.', cause);
    }
  }
}

function deriveKey(text: string): Key {
  const bytes = Buffer.from(hkdfSync('sha256', text, '', PURPOSE, KEY_BYTES));
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, KEY_ID_CHARACTERS), bytes };
}

const unreadable = (why: string, cause?: unknown): PikaiaError =>
  new PikaiaError('PIKAIA_WEBHOOK_SECRET_UNREADABLE', `The secret of a webhook endpoint cannot be decrypted. ${why}`, { cause });
