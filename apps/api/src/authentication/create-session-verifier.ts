import { join } from 'node:path';
import type { ApiSettings } from '../api.settings.js';
import { DevelopmentSessionVerifier } from './development-session.verifier.js';
import { ProviderKeys } from './provider-keys.js';
import { ProviderSessionVerifier } from './provider-session.verifier.js';
import { RememberedSessions } from './remembered-sessions.js';
import type { SessionSettings } from './session.settings.js';
import type { SessionVerifier } from './session-verifier.js';

/** @throws PikaiaError `PIKAIA_DEVELOPMENT_SESSIONS_IN_PRODUCTION` if no provider is configured in production. */
export async function createSessionVerifier(
  settings: SessionSettings,
  { varDirectory }: Pick<ApiSettings, 'varDirectory'>,
): Promise<SessionVerifier> {
  const { sessionJwksUrl, sessionAudience, sessionOperatorOrganization } = settings;
  if (sessionJwksUrl === undefined) return DevelopmentSessionVerifier.create(join(varDirectory, 'keys'));
  return new RememberedSessions(
    new ProviderSessionVerifier({
      keys: new ProviderKeys({ url: new URL(sessionJwksUrl) }).find,
      issuers: settings.sessionIssuers,
      audience: sessionAudience!,
      operatorOrganization: sessionOperatorOrganization,
    }),
  );
}
