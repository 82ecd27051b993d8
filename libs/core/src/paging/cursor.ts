import { createHmac, timingSafeEqual } from 'node:crypto';
import { PikaiaError } from '../errors/pikaia.error.js';

const MIN_KEY_BYTES = 32; // the length of the hash; RFC 2104 discourages shorter keys

/**
 * Checks a key for `encodeCursor` when an application starts.
 *
 * @param option the option that the key comes from, such as `cursorKey`.
 * @throws PikaiaError `PIKAIA_SIGNING_KEY_TOO_SHORT` for a key of less than 32 bytes.
 */
export function checkSigningKey(option: string, key: string | Uint8Array): void {
  const bytes = Buffer.byteLength(key);
  if (bytes >= MIN_KEY_BYTES) return;
  throw new PikaiaError(
    'PIKAIA_SIGNING_KEY_TOO_SHORT',
    `${option} has ${bytes} bytes, so others could guess it and sign with it: use at least ${MIN_KEY_BYTES} random bytes.`,
  );
}

/**
 * Returns the key with which a module signs its cursors.
 *
 * @throws PikaiaError `PIKAIA_CURSOR_KEY_MISSING` if the application has not given one.
 */
export function requireCursorKey(module: string, key: string | Uint8Array | undefined): string | Uint8Array {
  if (key !== undefined) return key;
  throw new PikaiaError(
    'PIKAIA_CURSOR_KEY_MISSING',
    `Pages need a key that signs their cursors: pass cursorKey to ${module}, the same in all processes.`,
  );
}

/**
 * Encodes a position in a list as an opaque cursor, signed with HMAC-SHA-256.
 *
 * @param value the position; it must survive a JSON round trip.
 * @param binding the list that the position belongs to, such as filter and organization. `decodeCursor` refuses another one.
 */
export function encodeCursor(value: unknown, binding: string, key: string | Uint8Array): string {
  const payload = Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${payload}.${sign(payload, binding, key).toString('base64url')}`;
}

/**
 * Verifies a cursor and returns its value.
 *
 * @throws PikaiaError `PIKAIA_CURSOR_INVALID` unless `encodeCursor` made the cursor with the same binding and key.
 */
export function decodeCursor(cursor: string, binding: string, key: string | Uint8Array): unknown {
  const [payload = '', encodedSignature = ''] = cursor.split('.');
  const signature = Buffer.from(encodedSignature, 'base64url');
  const expected = sign(payload, binding, key);
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
    throw new PikaiaError(
      'PIKAIA_CURSOR_INVALID',
      'The cursor does not belong to this list. Begin without a cursor, and use next_cursor with the filter that it came with.',
    );
  }
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown;
}

const sign = (payload: string, binding: string, key: string | Uint8Array): Buffer =>
  createHmac('sha256', key).update(payload).update('.').update(binding).digest();
