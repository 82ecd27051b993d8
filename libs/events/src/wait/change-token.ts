import { decodeCursor, encodeCursor, PikaiaError } from '@pikaia/core';

/** The events of one committed transaction. */
export interface Change {
  readonly txid: string;
  /** The highest position of its events. */
  readonly position: string;
}

const BINDING = 'change-token';

/** Encodes changes as an opaque, signed token. It contains no data of an event. */
export const encodeChangeToken = (changes: readonly Change[], key: string | Uint8Array): string =>
  encodeCursor(
    changes.map(({ txid, position }) => [txid, position]),
    BINDING,
    key,
  );

/** @throws PikaiaError `PIKAIA_CHANGE_TOKEN_INVALID` unless `encodeChangeToken` made the token with the same key. */
export function decodeChangeToken(token: string, key: string | Uint8Array): readonly Change[] {
  try {
    const changes = decodeCursor(token, BINDING, key) as readonly (readonly [string, string])[];
    return changes.map(([txid, position]) => ({ txid, position }));
  } catch (cause) {
    throw new PikaiaError(
      'PIKAIA_CHANGE_TOKEN_INVALID',
      'This is not a token of runWithToken, or another key signed it. Pass the token on unchanged, and give all processes the same tokenKey.',
      { cause },
    );
  }
}

export const tokenKeyMissing = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_CHANGE_TOKEN_KEY_MISSING',
    'Change tokens need a key: pass tokenKey to EventsModule.forRoot, the same in all processes.',
  );
