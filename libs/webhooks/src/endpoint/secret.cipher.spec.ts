import { SecretCipher } from './secret.cipher.js';

const OLD = 'an old key of the tests, long enough for it';
const NEW = 'a new key of the tests, long enough for it';
const ENDPOINT = '019c12f4-7175-7abc-8504-af03c46f1d1b';

const unreadable = (hint: string) =>
  expect.objectContaining({ code: 'PIKAIA_WEBHOOK_SECRET_UNREADABLE', message: expect.stringContaining(hint) });
const errorOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('SecretCipher', () => {
  it.each(['', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'ключ 🔑', 'x'.repeat(100_000)])(
    'decrypts what it has encrypted, and two ciphertexts of one text differ (%#)',
    (text) => {
      const cipher = new SecretCipher([OLD]);
      const [one, other] = [cipher.encrypt(text, ENDPOINT), cipher.encrypt(text, ENDPOINT)];
      expect([one, other].map((encrypted) => cipher.decrypt(encrypted, ENDPOINT))).toEqual([text, text]);
      expect(one.ciphertext).not.toBe(other.ciphertext);
    },
  );

  it('encrypts with the first key and decrypts with every key, so a new key can be put before the old one', () => {
    const before = new SecretCipher([OLD]).encrypt('a secret', ENDPOINT);
    const rotated = new SecretCipher([NEW, OLD]);
    expect(rotated.decrypt(before, ENDPOINT)).toBe('a secret');
    const after = rotated.encrypt('a secret', ENDPOINT);
    expect(after.keyId).toBe(new SecretCipher([NEW]).keyId);
    expect(new SecretCipher([NEW]).decrypt(after, ENDPOINT)).toBe('a secret');
  });

  it('names the key that is missing', () => {
    const encrypted = new SecretCipher([OLD]).encrypt('a secret', ENDPOINT);
    const error = errorOf(() => new SecretCipher([NEW]).decrypt(encrypted, ENDPOINT));
    expect(error).toEqual(unreadable(`lacks the key ${encrypted.keyId}`));
  });

  it('refuses a ciphertext that was changed, cut off or copied from another endpoint', () => {
    const cipher = new SecretCipher([OLD]);
    const { keyId, ciphertext } = cipher.encrypt('a secret', ENDPOINT);
    const changed = `${ciphertext.startsWith('A') ? 'B' : 'A'}${ciphertext.slice(1)}`;
    for (const [text, endpoint] of [
      [changed, ENDPOINT],
      [ciphertext.slice(0, -4), ENDPOINT],
      ['', ENDPOINT],
      [ciphertext, '019c12f4-04f8-7996-8da7-63b7a969b102'],
    ] as const)
      expect(errorOf(() => cipher.decrypt({ keyId, ciphertext: text }, endpoint))).toEqual(unreadable('Rotate the secret'));
  });
});
