import { withConnection } from '../support/database/database.js';
import { readStoredEvidence, type Evidence } from './evidence.js';
import type { Call } from './recorded.client.js';
import type { CheckResult } from './reconcile/check.js';
import { reconcile, reconciliationText } from './reconcile/reconciliation.js';
import { SimulatedSystem } from './simulated.system.js';
import { Simulation } from './simulation.js';

jest.setTimeout(300_000);

const DISABLE_AUDIT_GUARD = `set local audit.migrating = 'yes'; alter table audit.record disable trigger refuse_row`;
const LATER_MS = 60_000;

/** Plants a mistake into what a day has left. Each check must report its mistake. */
describe('the reconciliation of a day without faults', () => {
  let simulated: SimulatedSystem;
  let simulation: Simulation;
  let evidence: Evidence;

  beforeAll(async () => {
    simulated = await SimulatedSystem.start();
    simulation = new Simulation(simulated, { seed: 12, organizations: 3, stepsEach: 30, withFaults: false });
    await simulation.run();
    evidence = await simulation.collect();
  });
  afterAll(() => simulated.stop());

  /** Reads the evidence after a change of the database, which is rolled back. */
  const afterSql = (sql: string): Promise<Evidence> =>
    withConnection(simulated.system.database.ownerUrl, async (client) => {
      await client.query(`begin; ${sql}`);
      const query = async <Row>(select: string, values?: unknown[]) => (await client.query(select, values)).rows as Row[];
      const stored = await readStoredEvidence(query, simulation.slugs);
      await client.query('rollback');
      return { ...evidence, ...stored };
    });

  const differencesIn = (results: readonly CheckResult[], check: string): readonly string[] =>
    results.find(({ name }) => name === check)!.differences;

  const isInvitation = ({ method, path, status, key }: Call): boolean =>
    method === 'POST' && path === '/members/invitations' && status === 201 && key !== undefined;
  const changedCall = (of: (call: Call) => boolean, changed: Partial<Call>): Evidence => {
    const call = evidence.calls.find(of)!;
    return { ...evidence, calls: evidence.calls.map((one) => (one === call ? { ...one, ...changed } : one)) };
  };
  const foreign = () => evidence.tenants[1]!.mark;
  const lineOf = (tenant: number) => evidence.lines.find((line) => line['organization.id'] === evidence.tenants[tenant]!.id)!;

  it('finds no differences, and the day has everything that the planted mistakes need', () => {
    const results = reconcile(evidence);
    expect(results.flatMap(({ differences }) => differences)).toEqual([]);
    for (const type of [
      'member.invited',
      'member.joined',
      'member.role_changed',
      'organization.updated',
      'subscription.activated',
    ])
      expect(evidence.events.map((event) => event.type)).toContain(type);
    expect(evidence.received.length).toBeGreaterThan(0);
    expect(evidence.readModels.every(({ rows }) => rows.length > 0)).toBe(true);
  });

  it.each<[what: string, check: string, difference: string, sql: string]>([
    [
      'an entry that was removed',
      'events and audit entries',
      '1 events member.invited',
      `${DISABLE_AUDIT_GUARD}; delete from audit.record where id = (select id from audit.record where action = 'member.invited' limit 1)`,
    ],
    [
      'an event that was added without an entry',
      'events and audit entries',
      'and 0 audit entries',
      `insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id, correlation_id,
         occurred_at, size, payload)
       select gen_random_uuid(), event_type, schema_version, aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at,
         size, payload from outbox.outbox_log where event_type = 'member.joined' order by position desc limit 1`,
    ],
    [
      'an event that was removed',
      'events and audit entries',
      'has 0 events organization.updated',
      `delete from outbox.outbox_log where event_type = 'organization.updated'`,
    ],
    [
      'a row that was changed by hand',
      'history of each row',
      'has the role',
      `update organizations_member set role = case role when 'admin' then 'member' else 'admin' end`,
    ],
    [
      'a row that was written by hand without a change',
      'history of each row',
      'was written by the transaction',
      'update organizations_organization set name = name',
    ],
    [
      'an event that tells something else than its entry',
      'history of each row',
      'has the new_role',
      `update outbox.outbox_log set payload = replace(payload::text, '"new_role":"', '"new_role":"x')::json, size = size + 1
       where event_type = 'member.role_changed'`,
    ],
    ['a receipt that is missing', 'deliveries', 'permissions-cache has 0 receipts', 'delete from outbox.consumer_receipt'],
    [
      'an event that was not delivered',
      'deliveries',
      'failed',
      `insert into outbox.outbox_delivery (sink, event_id, position, status, event_type, schema_version, aggregate_type, aggregate_id,
         occurred_at, payload)
       select 'local/welcome-email', event_id, position, 'failed', event_type, schema_version, aggregate_type, aggregate_id, occurred_at,
         payload from outbox.outbox_log where event_type = 'member.invited' order by position desc limit 1`,
    ],
  ])('reports %s', async (_, check, difference, sql) => {
    expect(differencesIn(reconcile(await afterSql(sql)), check)).toContainEqual(expect.stringContaining(difference));
  });

  it.each<[what: string, check: string, difference: string, plant: () => Evidence]>([
    [
      'a change that was refused and made all the same',
      'responses',
      'has the response 409 conflict and 1 audit entries instead of 0',
      () => changedCall(isInvitation, { status: 409, problem: 'conflict' }),
    ],
    [
      'a success without a change',
      'responses',
      'and 0 audit entries instead of 1',
      () => changedCall(({ path, status }) => path === '/members/invitations' && status === 422, { status: 201, problem: '' }),
    ],
    [
      'a response that shows something else than the entry',
      'responses',
      'the role of the response',
      () => changedCall(isInvitation, { body: { role: 'owner' } }),
    ],
    [
      'two changes with one key',
      'responses',
      'has the response 201 and 2 audit entries',
      () => {
        const invitations = evidence.calls.filter(
          ({ path, status, isReplayed }) => path === '/members/invitations' && status === 201 && !isReplayed,
        );
        const twice = invitations.slice(0, 2);
        return { ...evidence, calls: evidence.calls.map((call) => (twice.includes(call) ? { ...call, key: 'planted' } : call)) };
      },
    ],
    [
      'a change of no request',
      'responses',
      'is of no request',
      () => ({ ...evidence, calls: evidence.calls.filter((one) => !isInvitation(one)) }),
    ],
    [
      'an unexpected error',
      'responses',
      'has the response 500',
      () => changedCall(({ method }) => method === 'GET', { status: 500, problem: '' }),
    ],
    [
      'an email that was sent twice',
      'emails',
      'was emailed 2 times',
      () => ({ ...evidence, emails: [...evidence.emails, evidence.emails[0]!] }),
    ],
    ['an email that is missing', 'emails', 'was never emailed', () => ({ ...evidence, emails: evidence.emails.slice(1) })],
    [
      'an email to another person',
      'emails',
      'the receiver of the email',
      () => ({ ...evidence, emails: evidence.emails.map((email) => ({ ...email, to: ['other@example.com'] })) }),
    ],
    [
      'a webhook that has not arrived',
      'webhooks to customers',
      'has not arrived at the webhook endpoint',
      () => ({ ...evidence, received: evidence.received.slice(1) }),
    ],
    [
      'a webhook that another secret has signed',
      'webhooks to customers',
      'has no valid signature',
      () => ({ ...evidence, endpoints: evidence.endpoints.map((one) => ({ ...one, secret: 'whsec_b3RoZXI=' })) }),
    ],
    [
      'a webhook of another event',
      'webhooks to customers',
      'is of no event that it may get',
      () => ({ ...evidence, received: [...evidence.received, { ...evidence.received[0]!, id: 'other' }] }),
    ],
    [
      'a read model that differs from its replay',
      'read models',
      'which a replay makes',
      () => ({ ...evidence, readModels: evidence.readModels.map((model) => ({ ...model, rows: model.rows.slice(1) })) }),
    ],
    [
      'a subscription that differs from Stripe',
      'Stytch and Stripe',
      'and at Stripe "paused"',
      () => ({
        ...evidence,
        subscriptions: new Map([...evidence.subscriptions].map(([id, object]) => [id, { ...object, status: 'paused' }])),
      }),
    ],
    [
      'a person who was deleted at Stytch and is active',
      'Stytch and Stripe',
      'was deleted at Stytch',
      () => ({ ...evidence, deletedAccounts: [`member-test-${foreign()}-0`] }),
    ],
    [
      'a foreign id in a log line',
      'separation of tenants',
      'of organization 2',
      () => ({ ...evidence, lines: [...evidence.lines, { ...lineOf(0), trace_id: 'x', 'member.id': evidence.tenants[1]!.id }] }),
    ],
    [
      'a foreign name in a response',
      'separation of tenants',
      'the response to GET',
      () =>
        changedCall(({ method, organization }) => method === 'GET' && organization === 0, {
          received: `{"name":"${foreign()}"}`,
        }),
    ],
    [
      'a foreign address in an email',
      'separation of tenants',
      'the email',
      () => ({
        ...evidence,
        emails: evidence.emails.map((email) => ({ ...email, raw: `${email.raw} ${foreign()} ${evidence.tenants[0]!.mark}` })),
      }),
    ],
    [
      'a fault of the code in the log',
      'log',
      'the log has audit_record_missing',
      () => ({ ...evidence, lines: [...evidence.lines, { event: 'audit_record_missing' }] }),
    ],
    [
      'output that is not a log line',
      'log',
      'a process has printed',
      () => ({ ...evidence, otherOutput: ['TypeError: x is undefined'] }),
    ],
    [
      'a log line with the context of an earlier request',
      'log',
      'ended 60000 ms before',
      () => {
        const { correlationId: trace_id, endedAt } = evidence.calls.find(({ status }) => status === 200)!;
        const timestamp = new Date(endedAt + LATER_MS).toISOString();
        return {
          ...evidence,
          lines: [...evidence.lines, { event: 'typeorm_message', service: 'pikaia-api', trace_id, timestamp }],
        };
      },
    ],
  ])('reports %s', (_, check, difference, plant) => {
    const results = reconcile(plant());
    expect(differencesIn(results, check)).toContainEqual(expect.stringContaining(difference));
    expect(reconciliationText(results)).toMatch(new RegExp(`✗ ${check} .* different`));
  });

  it('counts an email apart that was sent twice because a worker was killed between both', () => {
    const [first] = evidence.emails;
    const again = { ...first!, sentAt: first!.sentAt + LATER_MS };
    const repeated = { ...evidence, emails: [...evidence.emails, again] };
    const emailsOf = (workerKills: number[]) => reconcile({ ...repeated, workerKills }).find(({ name }) => name === 'emails')!;
    expect(emailsOf([first!.sentAt + 10])).toMatchObject({
      differences: [],
      allowed: [expect.stringContaining('emailed 2 times')],
    });
    expect(emailsOf([again.sentAt + 10]).differences).toHaveLength(1);
  });
});
