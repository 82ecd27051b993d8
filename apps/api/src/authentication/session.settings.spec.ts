import { loadSettings } from '@pikaia/core';
import { SessionSettings } from './session.settings.js';

const PROJECT = 'project-live-1';
const ENVIRONMENT = {
  SESSION_JWKS_URL: `https://api.stytch.com/v1/b2b/sessions/jwks/${PROJECT}`,
  SESSION_ISSUER: `stytch.com/${PROJECT}`,
  SESSION_AUDIENCE: PROJECT,
};
const load = (changed: Record<string, string | undefined> = {}): SessionSettings =>
  loadSettings([SessionSettings], { ...ENVIRONMENT, ...changed })[0];

describe('SessionSettings', () => {
  it('accepts no provider, one issuer, and a list with the URL of a custom domain', () => {
    const none = { SESSION_JWKS_URL: '', SESSION_ISSUER: '', SESSION_AUDIENCE: '' };
    expect(load(none).sessionJwksUrl).toBeUndefined();
    expect(load().sessionIssuers).toEqual([`stytch.com/${PROJECT}`]);
    expect(load({ SESSION_ISSUER: ` stytch.com/${PROJECT} , https://login.example.com` }).sessionIssuers).toEqual([
      `stytch.com/${PROJECT}`,
      'https://login.example.com',
    ]);
    expect(
      load({ SESSION_ISSUER: 'sessions.example', SESSION_AUDIENCE: 'pikaia', SESSION_JWKS_URL: 'http://keys:80/k' }),
    ).toEqual(expect.objectContaining({ sessionIssuer: 'sessions.example' }));
  });

  it.each([
    ['the issuer of another Stytch project', 'stytch.com/project-live-2', /must name the project of SESSION_AUDIENCE/],
    ['another Stytch project beside the right one', `stytch.com/${PROJECT},stytch.com/project-live-2`, /must name the project/],
    ['an empty item', `stytch.com/${PROJECT},`, /must not contain an empty issuer/],
    ['the same issuer twice', `stytch.com/${PROJECT},stytch.com/${PROJECT}`, /must not contain an issuer twice/],
    ['two issuers without a comma', `stytch.com/${PROJECT} https://login.example.com`, /must separate its issuers by commas/],
    ['a URL with a slash at the end', 'https://login.example.com/', /without a slash at the end/],
    ['a URL of another protocol', 'ftp://login.example.com', /must have valid https URLs/],
    ['text that only looks like a URL', 'https://', /must have valid https URLs/],
    ['only white space', ' ', /SESSION_ISSUER is not set/],
  ])('refuses %s in SESSION_ISSUER', (_, SESSION_ISSUER, problem) => {
    expect(() => load({ SESSION_ISSUER })).toThrow(problem);
  });

  it('refuses the keys of another project, and a provider without its audience', () => {
    const SESSION_JWKS_URL = 'https://api.stytch.com/v1/b2b/sessions/jwks/project-live-2';
    expect(() => load({ SESSION_JWKS_URL })).toThrow(/must have the keys of the project of SESSION_AUDIENCE, project-live-1/);
    expect(() => load({ SESSION_AUDIENCE: undefined })).toThrow(/SESSION_AUDIENCE is not set/);
  });
});
