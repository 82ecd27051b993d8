import { hash } from 'node:crypto';
import { Problem } from '../errors/problem.js';

/** The value of `If-Match` or `If-None-Match`: a list of entity tags, or `*` for any. */
export type EntityTags = '*' | readonly string[];

const HASH_CHARACTERS = 22; // 132 bits
const ELEMENT = /[ \t]*(?:((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y; // a list may have empty elements

/** Returns the strong entity tag of a representation. Equal representations have equal tags, in every process and version. */
export const etagOf = (representation: object): string =>
  `"${hash('sha256', JSON.stringify(representation), 'base64url').slice(0, HASH_CHARACTERS)}"`;

/**
 * Reads a list of entity tags as RFC 9110 section 13.1 defines it.
 *
 * @throws Problem 400 if the header is malformed.
 */
export function parseEntityTags(name: 'If-Match' | 'If-None-Match', header: string): EntityTags {
  if (header.trim() === '*') return '*';
  const tags: string[] = [];
  ELEMENT.lastIndex = 0;
  while (ELEMENT.lastIndex < header.length) {
    const element = ELEMENT.exec(header);
    if (!element) return malformed(name);
    if (element[1] !== undefined) tags.push(element[1]);
  }
  return tags.length > 0 ? tags : malformed(name);
}

/** The comparison of `If-Match`: a weak tag never matches. */
export const matchesStrongly = (tags: EntityTags, etag: string): boolean => tags === '*' || tags.includes(etag);

/** The comparison of `If-None-Match`: a weak tag matches a strong one with the same text. */
export const matchesWeakly = (tags: EntityTags, etag: string): boolean =>
  tags === '*' || tags.some((tag) => tag.replace(/^W\//, '') === etag);

function malformed(name: string): never {
  throw Problem.badRequest(`${name} must be * or a list of entity tags in quotes, such as "b5bb9d8014a0f9b1d61e21".`);
}
