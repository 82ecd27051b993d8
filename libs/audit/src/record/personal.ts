import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Actor, RequestInfo } from '@pikaia/core';
import type { PersonalDiff } from '../diff/diff.js';
import type { AggregateReference } from '../entry/aggregate-reference.js';
import { personalHash, type Fields } from '../entry/entry.js';
import { byteLength, canonicalJson, normalId, normalText, truncated, type Json } from '../entry/normal-form.js';

const SALT_BYTES = 32;
const MAX_TEXT_CHARACTERS = 1_024; // of a name or user agent, which clients choose
const MAX_VALUE_BYTES = 64 * 1024;

/** One row of `audit.personal`. */
export interface PersonalRow {
  readonly subject: string;
  readonly salt: Buffer;
  readonly fields: string;
  /** The keyed hash of `fields`, which the entry contains. */
  readonly hash: string;
}

export interface PersonalSources {
  readonly actor: Actor;
  readonly request: RequestInfo | undefined;
  readonly aggregate: AggregateReference;
  readonly diff: ReadonlyMap<string, PersonalDiff>;
}

/**
 * Builds the personal rows of a record, one for each person. A row contains the actor's name, email and client, the label of the
 * aggregate, and the person's part of the diff.
 */
export function personalRows({ actor, request, aggregate, diff }: PersonalSources, random = randomBytes): PersonalRow[] {
  const bySubject = new Map<string, Record<string, Json>>();
  const addFields = (person: string, fields: Record<string, Json>): void => {
    const subject = normalId(person);
    if (Object.keys(fields).length) bySubject.set(subject, { ...bySubject.get(subject), ...fields });
  };
  addFields(actor.id, { ...actorFields(actor), ...(request && requestFields(request)) });
  if (aggregate.subject !== undefined && aggregate.label !== undefined) {
    addFields(aggregate.subject, { aggregate_label: shortText(aggregate.label) });
  }
  for (const [subject, sides] of diff)
    addFields(subject, { old: truncateLargeValues(sides.old), new: truncateLargeValues(sides.new) });
  return [...bySubject].map(([subject, fields]) => {
    const salt = random(SALT_BYTES);
    const text = canonicalJson(fields);
    return { subject, salt, fields: text, hash: personalHash(salt, text) };
  });
}

function actorFields({ name, email }: Actor): Record<string, Json> {
  return {
    ...(name !== undefined && { actor_name: shortText(name) }),
    ...(email !== undefined && { actor_email: shortText(email) }),
  };
}

/** If the address is invalid, `ip_address` is null and `unparsed_address` has the raw text, so a forged header leaves a trace. */
function requestFields({ clientAddress, unparsedAddress, userAgent }: RequestInfo): Record<string, Json> {
  const address = clientAddress !== null && isIP(clientAddress) ? clientAddress : null;
  const raw = unparsedAddress ?? clientAddress;
  return {
    ip_address: address,
    ...(address === null && raw !== null && { unparsed_address: shortText(raw) }),
    ...(userAgent !== undefined && { user_agent: shortText(userAgent) }),
  };
}

const shortText = (text: string): string => normalText(text.slice(0, MAX_TEXT_CHARACTERS));

const truncateLargeValues = (side: Fields): Json =>
  Object.fromEntries(
    Object.entries(side).map(([name, value]) => [
      name,
      byteLength(canonicalJson(value)) > MAX_VALUE_BYTES ? truncated(value) : value,
    ]),
  );
