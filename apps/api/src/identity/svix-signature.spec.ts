import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { WebhookRefusedError } from '../webhooks/webhook.source.js';
import { svixHeaders } from './development-notice.js';
import { verifySvixSignature } from './svix-signature.js';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const MINUTE = 60_000;
const secretOf = (name: string) => `whsec_${Buffer.from(name.padEnd(24, '.')).toString('base64')}`;
const [CURRENT, PREVIOUS, OTHER] = [secretOf('current'), secretOf('previous'), secretOf('other')];
const keys = [new Webhook(CURRENT), new Webhook(PREVIOUS)];
const TEXT = '{"name":"Zoë"}';

const headersWith = (options: Parameters<typeof svixHeaders>[1] = {}) =>
  svixHeaders(TEXT, { id: 'msg_1', secret: CURRENT, sentAt: NOW, ...options });
const verify = (headers: Record<string, string | string[] | undefined>, body: Buffer = Buffer.from(TEXT), now = NOW) =>
  verifySvixSignature({ body, headers }, keys, { now: () => new Date(now) });
function reasonOf(work: () => unknown): unknown {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return error instanceof WebhookRefusedError ? error.reason : error;
  }
}

describe('verifySvixSignature', () => {
  it('accepts the signature over id, time and bytes that Svix documents', () => {
    const key = Buffer.from(CURRENT.slice('whsec_'.length), 'base64');
    const signature = createHmac('sha256', key)
      .update(`msg_1.${NOW / 1000}.${TEXT}`)
      .digest('base64');
    const headers = { 'svix-id': 'msg_1', 'svix-timestamp': String(NOW / 1000), 'svix-signature': `v1,${signature}` };
    expect(verify(headers)).toEqual({ id: 'msg_1', text: TEXT });
  });

  it('accepts each key during a rotation, and one valid signature among several', () => {
    expect(reasonOf(() => verify(headersWith({ secret: PREVIOUS })))).toBe('accepted');
    const valid = headersWith()['svix-signature'];
    const other = headersWith({ secret: OTHER })['svix-signature'];
    expect(reasonOf(() => verify({ ...headersWith(), 'svix-signature': `${other} v1a,x ${valid}` }))).toBe('accepted');
    expect(reasonOf(() => verify({ ...headersWith(), 'svix-signature': `${other} ${other}` }))).toBe('signature_invalid');
  });

  it('accepts a delivery for five minutes, in both directions, and nothing outside of them', () => {
    for (const shift of [-5 * MINUTE, 5 * MINUTE])
      expect(reasonOf(() => verify(headersWith(), undefined, NOW + shift))).toBe('accepted');
    for (const shift of [-5 * MINUTE - 1, 5 * MINUTE + 1])
      expect(reasonOf(() => verify(headersWith(), undefined, NOW + shift))).toBe('timestamp_out_of_tolerance');
  });

  it.each(['svix-id', 'svix-timestamp', 'svix-signature'])('refuses a delivery without %s, or with several', (name) => {
    expect(reasonOf(() => verify({ ...headersWith(), [name]: undefined }))).toBe('signature_missing');
    expect(reasonOf(() => verify({ ...headersWith(), [name]: ['a', 'b'] }))).toBe('signature_missing');
  });

  it.each<[string, Record<string, string>]>([
    ['an unknown secret', headersWith({ secret: OTHER })],
    ['the id of another message', { ...headersWith(), 'svix-id': 'msg_2' }],
    ['another time', { ...headersWith(), 'svix-timestamp': String(NOW / 1000 + 1) }],
    ['the time of the signature with text behind it', { ...headersWith(), 'svix-timestamp': `${NOW / 1000}x` }],
    ['an empty id', { ...headersWith({ id: '' }) }],
    ['an id with a space', headersWith({ id: 'a b' })],
    ['a huge id', headersWith({ id: 'x'.repeat(256) })],
    ['an empty signature', { ...headersWith(), 'svix-signature': '' }],
    ['a signature without a version', { ...headersWith(), 'svix-signature': headersWith()['svix-signature'].slice(3) }],
    ['another version', { ...headersWith(), 'svix-signature': headersWith()['svix-signature'].replace('v1,', 'v2,') }],
    ['a signature that is cut off', { ...headersWith(), 'svix-signature': headersWith()['svix-signature'].slice(0, -1) }],
  ])('refuses a delivery with %s', (_, headers) => {
    expect(reasonOf(() => verify(headers))).toBe('signature_invalid');
  });

  it('refuses a changed body, no body, and bytes that are not UTF-8', () => {
    expect(reasonOf(() => verify(headersWith(), Buffer.from(`${TEXT} `)))).toBe('signature_invalid');
    expect(reasonOf(() => verify(headersWith(), Buffer.alloc(0)))).toBe('signature_invalid');
    expect(reasonOf(() => verify(headersWith(), Buffer.from([0x22, 0xff, 0x22])))).toBe('body_unreadable');
  });

  it('refuses everything without a key', () => {
    const request = { body: Buffer.from(TEXT), headers: headersWith() };
    expect(reasonOf(() => verifySvixSignature(request, [], { now: () => new Date(NOW) }))).toBe('signature_invalid');
  });
});
