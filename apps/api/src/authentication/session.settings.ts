import { Setting } from '@pikaia/core';
import { IsNotEmpty, IsOptional, IsUrl, ValidateIf } from 'class-validator';

const isAny = ({ sessionJwksUrl, sessionIssuer, sessionAudience }: SessionSettings): boolean =>
  [sessionJwksUrl, sessionIssuer, sessionAudience].some((value) => value !== undefined);

/** Whose sessions are believed. All three, or none: then it is the development issuer, which refuses production. */
export class SessionSettings {
  @Setting('SESSION_JWKS_URL', {
    about: "the session provider's public keys, as https://api.stytch.com/v1/b2b/sessions/jwks/<project>; required in production",
  })
  @ValidateIf(isAny)
  @IsUrl({ protocols: ['https', 'http'], require_protocol: true, require_tld: false })
  sessionJwksUrl?: string;

  @Setting('SESSION_ISSUER', { about: 'issuer of session tokens, as stytch.com/<project>' })
  @ValidateIf(isAny)
  @IsNotEmpty()
  sessionIssuer?: string;

  @Setting('SESSION_AUDIENCE', { about: 'audience of session tokens, with Stytch the id of the project' })
  @ValidateIf(isAny)
  @IsNotEmpty()
  sessionAudience?: string;

  @Setting('SESSION_OPERATOR_ORGANIZATION', {
    about: 'id at the provider of the organization whose people operate the platform; absent: nobody signs in as operator',
  })
  @IsOptional()
  @IsNotEmpty()
  sessionOperatorOrganization?: string;
}
