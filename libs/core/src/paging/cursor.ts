import { createHmac, timingSafeEqual } from 'node:crypto';
import { PikaiaError } from '../errors/pikaia.error.js';

/**
 * A place in a list as an opaque text, signed with HMAC-SHA-256. `binding` is what the place belongs to, as the filter
 * and the organization: a cursor that is used with another one is refused. `value` must survive JSON.
 */
export function encodeCursor(value: unknown, binding: string, key: string | Uint8Array): string {
  const payload = Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${payload}.${signatureOf(payload, binding, key).toString('base64url')}`;
}

/** @throws PikaiaError `PIKAIA_CURSOR_INVALID` unless `encodeCursor` made it with this binding and key. */
export function decodeCursor(cursor: string, binding: string, key: string | Uint8Array): unknown {
  const [payload = '', given = ''] = cursor.split('.');
  const signature = Buffer.from(given, 'base64url');
  const expected = signatureOf(payload, binding, key);
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
    throw new PikaiaError(
      'PIKAIA_CURSOR_INVALID',
      'The cursor does not belong to this list. Begin without a cursor, and use next_cursor with the filter that it came with.',
    );
  }
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown;
}

const signatureOf = (payload: string, binding: string, key: string | Uint8Array): Buffer =>
  createHmac('sha256', key).update(payload).update('.').update(binding).digest();
