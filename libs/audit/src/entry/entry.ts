import { hash as digest } from 'node:crypto';
import { byteLength, canonicalJson, truncated, type Json } from './normal-form.js';

/** The organization id of records that belong to no organization. */
export const PLATFORM = 'platform';

export const MAX_ENTRY_BYTES = 64 * 1024; // a check constraint of the table has the same limit

export type Fields = { readonly [name: string]: Json };

/** The content of an entry, in normal form. */
export interface EntryContent {
  readonly id: string;
  readonly action: string;
  readonly actor: { readonly type: string; readonly id: string };
  readonly aggregate: { readonly type: string; readonly id: string };
  readonly organization_id: string;
  readonly correlation_id: string;
  readonly changed: readonly string[];
  readonly diff: { readonly old: Fields | null; readonly new: Fields | null };
  /** For each subject, the keyed hash of its row in `audit.personal`; see personalHash. */
  readonly personal: { readonly [subject: string]: string };
}

export interface SealedEntry {
  /** The text whose UTF-8 bytes are hashed. */
  readonly text: string;
  readonly hash: Buffer;
}

/**
 * Serializes and hashes an entry. Version 1 of the format is RFC 8785 JSON of at most 64 KiB. If an entry is larger,
 * `{truncated, bytes, sha256}` replaces the largest values of the diff until it fits. So size never prevents a record.
 */
export function sealEntry(content: EntryContent): SealedEntry {
  const text = serializeWithinLimit(content);
  return { text, hash: digest('sha256', text, 'buffer') };
}

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;

/**
 * Returns the HMAC-SHA-256, in hex, of the canonical JSON of one subject's fields. This is RFC 2104 for salts of at most 64 bytes:
 * `createHmac` takes five times as long for texts of this size.
 */
export function personalHash(salt: Uint8Array, fields: string): string {
  const inner = Buffer.alloc(BLOCK_BYTES + byteLength(fields), 0x36);
  const outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES, 0x5c);
  for (const [index, byte] of salt.entries()) {
    inner[index]! ^= byte;
    outer[index]! ^= byte;
  }
  inner.write(fields, BLOCK_BYTES);
  outer.set(digest('sha256', inner, 'buffer'), BLOCK_BYTES);
  return digest('sha256', outer, 'hex');
}

const serialize = (content: EntryContent): string => canonicalJson({ ...content, v: 1 } as unknown as Json);

function serializeWithinLimit(content: EntryContent): string {
  const text = serialize(content);
  let size = byteLength(text);
  if (size <= MAX_ENTRY_BYTES) return text;
  const diff = { old: content.diff.old && { ...content.diff.old }, new: content.diff.new && { ...content.diff.new } };
  const largestFirst = (['old', 'new'] as const)
    .flatMap((side) => Object.entries(diff[side] ?? {}).map(([name, value]) => ({ side, name, value, bytes: sizeOf(value) })))
    .sort((a, b) => b.bytes - a.bytes);
  for (const { side, name, value, bytes } of largestFirst) {
    const shorter = truncated(value);
    if (sizeOf(shorter) >= bytes) break;
    diff[side]![name] = shorter;
    size += sizeOf(shorter) - bytes;
    if (size <= MAX_ENTRY_BYTES) return serialize({ ...content, diff });
  }
  // Only a diff of hundreds of fields gets here, because the field names alone exceed the limit.
  const whole = { old: diff.old && (truncated(diff.old) as Fields), new: diff.new && (truncated(diff.new) as Fields) };
  return serialize({ ...content, changed: content.changed.slice(0, 100), diff: whole });
}

const sizeOf = (value: Json): number => byteLength(canonicalJson(value));
