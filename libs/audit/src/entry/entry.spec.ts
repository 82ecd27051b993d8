import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type EntryContent, type Fields, MAX_ENTRY_BYTES, personalHash, sealEntry } from './entry.js';
import { canonicalJson } from './normal-form.js';

interface Vector {
  content: EntryContent;
  personal: { subject: string; salt: string; fields: Fields; hmac: string }[];
  bytes: string;
  hash: string;
}

const vector = JSON.parse(readFileSync(join(__dirname, 'entry.vector.json'), 'utf8')) as Vector;

describe('sealEntry, version 1', () => {
  it('produces the bytes and the hash of the committed test vector', () => {
    const { text, hash } = sealEntry(vector.content);
    expect(text).toBe(vector.bytes);
    expect(hash.toString('hex')).toBe(vector.hash);
  });

  it('contains the keyed hash of the committed test vector for each subject', () => {
    for (const { subject, salt, fields, hmac } of vector.personal) {
      expect(personalHash(Buffer.from(salt, 'hex'), canonicalJson(fields))).toBe(hmac);
      expect(vector.content.personal[subject]).toBe(hmac);
    }
  });

  it('computes the same keyed hash as Node for any salt and text', () => {
    const salts = fc.uint8Array({ minLength: 0, maxLength: 64 });
    fc.assert(
      fc.property(salts, fc.string({ unit: 'binary' }), (salt, text) => {
        expect(personalHash(salt, text)).toBe(createHmac('sha256', salt).update(text).digest('hex'));
      }),
    );
  });

  it('truncates the largest values first until the entry fits', () => {
    const big = 'ä'.repeat(20_000);
    const content = { ...vector.content, diff: { old: { a: big, b: 'small' }, new: { a: `${big}!`, b: 'other' } } };
    const { text } = sealEntry(content);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_ENTRY_BYTES);
    expect((JSON.parse(text) as EntryContent).diff).toEqual({
      old: { a: big, b: 'small' },
      new: { a: { truncated: true, bytes: 40_003, sha256: expect.any(String) }, b: 'other' },
    });
  });

  it('truncates a whole side of the diff if the field names alone exceed the limit', () => {
    const names = Array.from({ length: 3_000 }, (_, index) => `field_with_a_long_name_${index}`);
    const content = {
      ...vector.content,
      changed: names,
      diff: { old: null, new: Object.fromEntries(names.map((name) => [name, 1])) },
    };
    const { text } = sealEntry(content);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_ENTRY_BYTES);
    expect((JSON.parse(text) as EntryContent).diff).toMatchObject({ old: null, new: { truncated: true } });
  });
});
