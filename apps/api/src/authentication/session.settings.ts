import { OptionalField, Setting } from '@pikaia/core';
import { IsNotEmpty, IsUrl, ValidateIf } from 'class-validator';

const isProviderConfigured = ({ sessionJwksUrl, sessionIssuer, sessionAudience }: SessionSettings): boolean =>
  [sessionJwksUrl, sessionIssuer, sessionAudience].some((value) => value !== undefined);

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
  sessionJwksUrl?: string;

  @Setting('SESSION_ISSUER', { about: 'issuer of session tokens, such as stytch.com/<project>' })
  @ValidateIf(isProviderConfigured)
  @IsNotEmpty()
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
}
