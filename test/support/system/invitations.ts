import { signInvitation } from '@pikaia/notifications';
import type { SessionProvider } from '../http/session-provider.js';
import type { ApiResponse, System } from './system.js';

export const INVITATION_SECRET = 'a secret of the tests, long enough for it'; // that of System

/** The settings of an api whose sessions come from a provider. */
export const providerSettings = (provider: SessionProvider): NodeJS.ProcessEnv => ({
  SESSION_JWKS_URL: provider.jwksUrl,
  SESSION_ISSUER: provider.issuer,
  SESSION_AUDIENCE: provider.audience,
  SESSION_OPERATOR_ORGANIZATION: 'organization-test-operators',
});

/** Returns the token of the newest email of an invitation. */
export async function invitationToken(system: System, memberId: unknown): Promise<string> {
  const [row] = await system.query<{ organization_id: string; email: string; invited_at: Date }>(
    'select organization_id, email, invited_at from organizations_member where id = $1',
    [memberId],
  );
  const { organization_id: organizationId, email, invited_at: invitedAt } = row!;
  return signInvitation({ memberId: String(memberId), organizationId, email, invitedAt }, INVITATION_SECRET);
}

/** Accepts an invitation with a session token. */
export const acceptInvitation = (system: System, sessionToken: string, token: unknown, port?: number): Promise<ApiResponse> =>
  system.request('POST', '/members/invitations/accept', {
    body: { token },
    headers: { authorization: `Bearer ${sessionToken}` },
    ...(port !== undefined && { port }),
  });

/** What one request or aggregate left behind: event types and audit actions, in the order of the log. */
export async function tracesOf(system: System, column: 'correlation_id' | 'aggregate_id', id: unknown) {
  const [events, entries] = await Promise.all([
    system.query<{ event_type: string }>(
      `select event_type from outbox.outbox_log where ${column}::text = $1 order by position`,
      [id],
    ),
    system.query<{ action: string }>(`select action from events_auditlog where ${column}::text = $1 order by created_at, id`, [
      id,
    ]),
  ]);
  return { events: events.map(({ event_type: type }) => type), actions: entries.map(({ action }) => action) };
}
