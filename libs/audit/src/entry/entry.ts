import { createHash, createHmac } from 'node:crypto';
import { byteLength, canonicalJson, truncated, type Json } from './normal-form.js';

/** The organization of records that belong to none. */
export const PLATFORM = 'platform';

export const MAX_ENTRY_BYTES = 64 * 1024; // the table checks the same

export type Fields = { readonly [name: string]: Json };

/** What an entry says, all of it in normal form. */
export interface EntryContent {
  readonly id: string;
  readonly action: string;
  readonly actor: { readonly type: string; readonly id: string };
  readonly aggregate: { readonly type: string; readonly id: string };
  readonly organization_id: string;
  readonly correlation_id: string;
  readonly changed: readonly string[];
  readonly diff: { readonly old: Fields | null; readonly new: Fields | null };
  /** For each subject the keyed hash of what `audit.personal` holds; see personalHash. */
  readonly personal: { readonly [subject: string]: string };
}

export interface SealedEntry {
  /** The bytes that are hashed. */
  readonly text: string;
  readonly hash: Buffer;
}

/**
 * Version 1 of the entry: RFC 8785 JSON of at most 64 KiB. The largest values of the diff give way until it fits:
 * each becomes `{truncated, bytes, sha256}`. A record is never lost for its size.
 */
export function sealEntry(content: EntryContent): SealedEntry {
  const text = fitting(content);
  return { text, hash: createHash('sha256').update(text).digest() };
}

/** HMAC-SHA-256 (hex) over the canonical JSON of one subject's fields. */
export const personalHash = (salt: Uint8Array, fields: Fields): string =>
  createHmac('sha256', salt).update(canonicalJson(fields)).digest('hex');

const write = (content: EntryContent): string => canonicalJson({ ...content, v: 1 } as unknown as Json);

function fitting(content: EntryContent): string {
  const text = write(content);
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
    if (size <= MAX_ENTRY_BYTES) return write({ ...content, diff });
  }
  // Only a diff of hundreds of fields gets here: their names alone are too much.
  const whole = { old: diff.old && (truncated(diff.old) as Fields), new: diff.new && (truncated(diff.new) as Fields) };
  return write({ ...content, changed: content.changed.slice(0, 100), diff: whole });
}

const sizeOf = (value: Json): number => byteLength(canonicalJson(value));
