import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EntryContent, type Fields, MAX_ENTRY_BYTES, personalHash, sealEntry } from './entry.js';

interface Vector {
  content: EntryContent;
  personal: { subject: string; salt: string; fields: Fields; hmac: string }[];
  bytes: string;
  hash: string;
}

const vector = JSON.parse(readFileSync(join(__dirname, 'entry.vector.json'), 'utf8')) as Vector;

describe('an entry of version 1', () => {
  it('has the bytes and the hash of the committed vector', () => {
    const { text, hash } = sealEntry(vector.content);
    expect(text).toBe(vector.bytes);
    expect(hash.toString('hex')).toBe(vector.hash);
  });

  it('names each subject with the keyed hash of the committed vector', () => {
    for (const { subject, salt, fields, hmac } of vector.personal) {
      expect(personalHash(Buffer.from(salt, 'hex'), fields)).toBe(hmac);
      expect(vector.content.personal[subject]).toBe(hmac);
    }
  });

  it('gives up its largest values first, until it fits', () => {
    const big = 'ä'.repeat(20_000);
    const content = { ...vector.content, diff: { old: { a: big, b: 'small' }, new: { a: `${big}!`, b: 'other' } } };
    const { text } = sealEntry(content);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_ENTRY_BYTES);
    expect((JSON.parse(text) as EntryContent).diff).toEqual({
      old: { a: big, b: 'small' },
      new: { a: { truncated: true, bytes: 40_003, sha256: expect.any(String) }, b: 'other' },
    });
  });

  it('gives up a whole side when the names alone are too much', () => {
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
