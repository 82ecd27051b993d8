import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';
const FORGED_ID = '0198a0a0-0000-7000-8000-00000000f0f0';
const FORGED = {
  actor: { type: 'operator', id: FORGED_ID, email: 'forged@example.com' },
  actor_id: FORGED_ID,
  ip_address: '198.51.100.66',
  organization_id: FORGED_ID,
  user_id: FORGED_ID,
};
const FORGED_HEADERS = {
  forwarded: 'for=198.51.100.66',
  'true-client-ip': '198.51.100.66',
  'x-real-ip': '198.51.100.66',
  'x-forwarded-for': '198.51.100.66, 203.0.113.5',
  'x-actor-id': FORGED_ID,
  'x-user-id': FORGED_ID,
  'x-organization-id': FORGED_ID,
};

interface Traces {
  readonly entry: Record<string, unknown>;
  readonly event: Record<string, unknown>;
}

describe('a request with forged fields', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ worker: false, environment: { TRUSTED_PROXIES: '1' } });
  });
  afterAll(() => system.stop());

  it('client-controlled data cannot replace the actor, organization or address of the audit entry, event and log lines', async () => {
    const { body: me } = await system.request('GET', '/me', { as: ALICE });
    const refused = await system.request('POST', '/members/invitations', {
      as: ALICE,
      body: { email: 'forged-body@example.com', role: 'member', ...FORGED },
      headers: FORGED_HEADERS,
    });
    const accepted = await system.request('POST', '/members/invitations', {
      as: ALICE,
      body: { email: 'forged-headers@example.com', role: 'member' },
      headers: FORGED_HEADERS,
    });
    expect([refused.status, accepted.status]).toEqual([422, 201]);
    const id = accepted.headers.get('x-correlation-id');
    const [traces] = await system.query<{ entry: Traces['entry']; event: Traces['event'] }>(
      `select to_json(a) as entry, l.payload::json as event
       from events_auditlog a join outbox.outbox_log l using (correlation_id) where correlation_id = $1`,
      [id],
    );
    const { entry, event } = traces!;
    expect(entry).toMatchObject({
      actor_id: me['id'],
      actor_email: ALICE,
      organization_id: me['organization_id'],
      ip_address: '203.0.113.5',
    });
    expect(event).toMatchObject({ organization_id: me['organization_id'], actor: { type: 'user', id: me['id'] } });
    const lines = () => system.lines.filter(({ trace_id: trace }) => trace === id);
    await waitFor('the access line', () => lines().some(({ logger }) => logger === 'http'));
    for (const text of [JSON.stringify(traces), JSON.stringify(lines())]) {
      expect(text).not.toContain(FORGED_ID);
      expect(text).not.toContain('198.51.100.66');
    }
  });

  it('no email address or phone number is in the text of a log line, only in the fields for it', async () => {
    const [email, unknown] = ['forged-text@example.com', 'unknown+phone+15550100@example.com'];
    await system.request('POST', '/members/invitations', { as: ALICE, body: { email, role: 'owner' } });
    await system.request('POST', '/members/invitations', { as: ALICE, body: { email, role: 'member', [unknown]: unknown } });
    await system.request('POST', '/members/invitations', { as: ALICE, body: { email: unknown, role: 'member' } });
    const last = await system.request('GET', `/members/${encodeURIComponent(email)}`, { as: ALICE });
    const isLast = ({ trace_id: trace, logger }: Readonly<Record<string, unknown>>) =>
      trace === last.headers.get('x-correlation-id') && logger === 'http';
    await waitFor('the last line', () => system.lines.some(isLast));
    const texts = system.lines.flatMap((line) =>
      ['event', 'message', 'reason', 'error.message', 'limit.name', 'session.subject'].map((field) => String(line[field] ?? '')),
    );
    expect(texts.filter((text) => /@|15550100/.test(text))).toEqual([]);
  });
});
