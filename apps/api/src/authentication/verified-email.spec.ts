import type { JWTPayload } from 'jose';
import { readVerifiedEmail } from './verified-email.js';

const link = (email: unknown) => ({ type: 'magic_link', delivery_method: 'email', email_factor: { email_address: email } });
const google = { type: 'oauth', delivery_method: 'oauth_google', google_oauth_factor: { email_id: 'email-1' } };

describe('readVerifiedEmail', () => {
  it.each<[string, JWTPayload, unknown, string | undefined]>([
    ['the address of a link', {}, [link('bob@example.com')], 'bob@example.com'],
    ['the address of a link beside another factor', {}, [google, link('bob@example.com')], 'bob@example.com'],
    ['a claim that the provider has verified', { email: 'bob@example.com', email_verified: true }, [google], 'bob@example.com'],
    [
      'the claim before the factor',
      { email: 'new@example.com', email_verified: true },
      [link('old@example.com')],
      'new@example.com',
    ],
    ['no claim that is not verified', { email: 'bob@example.com' }, [google], undefined],
    ['no claim whose verification is a text', { email: 'bob@example.com', email_verified: 'true' }, [google], undefined],
    [
      'no address of a factor that was not delivered by email',
      {},
      [{ ...link('bob@example.com'), delivery_method: 'sms' }],
      undefined,
    ],
    ['no address that mail cannot be sent to', {}, [link('bob')], undefined],
    ['no address that is not a text', {}, [link(['bob@example.com'])], undefined],
    ['nothing without factors', {}, undefined, undefined],
    ['nothing from factors that are no list', {}, 'bob@example.com', undefined],
    ['nothing from factors that are null', {}, [null, { delivery_method: 'email', email_factor: null }], undefined],
  ])('returns %s', (_, claims, factors, expected) => {
    expect(readVerifiedEmail(claims, { authentication_factors: factors })).toBe(expected);
  });
});
