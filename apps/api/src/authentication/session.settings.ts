import { OptionalField, Setting, splitList } from '@pikaia/core';
import { IsNotEmpty, IsUrl, ValidateBy, ValidateIf } from 'class-validator';
import { issuersProblem, keysProblem } from './session-issuers.js';

const isProviderConfigured = ({ sessionJwksUrl, sessionIssuer, sessionAudience }: SessionSettings): boolean =>
  [sessionJwksUrl, sessionIssuer, sessionAudience].some((value) => value !== undefined);

/** Compares a setting with SESSION_AUDIENCE, so that a mixture of two projects fails at the start and not at each session. */
const MatchesAudience = (problemOf: (value: unknown, audience: string | undefined) => string | undefined): PropertyDecorator =>
  ValidateBy({
    name: 'matchesAudience',
    validator: {
      validate: (value, details) => problemOf(value, audienceOf(details!.object)) === undefined,
      defaultMessage: (details) => `$property ${problemOf(details!.value, audienceOf(details!.object))}`,
    },
  });
const audienceOf = (settings: object): string | undefined => (settings as SessionSettings).sessionAudience;

/**
 * The session provider. Set all of JWKS URL, issuer and audience, or none: then the development issuer applies, which refuses
 * production.
 */
export class SessionSettings {
  @Setting('SESSION_JWKS_URL', {
    about:
      "URL of the session provider's public keys, such as https://api.stytch.com/v1/b2b/sessions/jwks/<project>; required in production",
  })
  @ValidateIf(isProviderConfigured)
  @IsUrl({ protocols: ['https', 'http'], require_protocol: true, require_tld: false })
  @MatchesAudience(keysProblem)
  sessionJwksUrl?: string;

  @Setting('SESSION_ISSUER', {
    about:
      'issuers of session tokens, separated by commas: stytch.com/<project>, and with a custom domain its URL, such as https://login.example.com',
  })
  @ValidateIf(isProviderConfigured)
  @IsNotEmpty()
  @MatchesAudience(issuersProblem)
  sessionIssuer?: string;

  @Setting('SESSION_AUDIENCE', { about: 'audience of session tokens; with Stytch, the project id' })
  @ValidateIf(isProviderConfigured)
  @IsNotEmpty()
  sessionAudience?: string;

  @Setting('SESSION_OPERATOR_ORGANIZATION', {
    about: 'id, at the session provider, of the organization of operators; if absent, operators cannot sign in',
  })
  @OptionalField()
  @IsNotEmpty()
  sessionOperatorOrganization?: string;

  /** The issuers whose tokens are accepted. A token must have exactly one of them. */
  get sessionIssuers(): readonly string[] {
    return splitList(this.sessionIssuer!);
  }
}
