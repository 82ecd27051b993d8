import { withConnection } from '../support/database/database.js';
import { tracesOf } from '../support/system/invitations.js';
import { System, type ApiResponse } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const CAROL = 'carol@example.com';
const OLGA = 'olga@example.com';
const WAITING = `select from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock' and query like '%organizations_organization%'`;

let system: System;
beforeAll(async () => {
  system = await System.start({ worker: false });
});
afterAll(() =>
  expect(system.lines.filter(({ event, level }) => event === 'audit_record_missing' || level === 'ERROR')).toEqual([]),
);
afterAll(() => system.stop());

const rename = (name: unknown, as = CAROL) => system.request('PATCH', '/me', { as, body: { name } });
const tracesBy = (answer: ApiResponse) => tracesOf(system, 'correlation_id', answer.headers.get('x-correlation-id'));
const payloadOf = async (answer: ApiResponse) =>
  (
    await system.query<{ payload: object }>('select payload from outbox.outbox_log where correlation_id = $1', [
      answer.headers.get('x-correlation-id'),
    ])
  )[0]!.payload;

describe('PATCH /me', () => {
  it('changes the name of a member in the organization, with one event and one audit entry about the user', async () => {
    const answer = await rename('Caroline Clark');
    expect(answer).toMatchObject({ status: 200, body: { email: CAROL, name: 'Caroline Clark', role: 'member' } });
    expect((await system.request('GET', '/me', { as: CAROL })).body).toEqual(answer.body);
    expect(await tracesBy(answer)).toEqual({ events: ['user.profile_updated'], actions: ['user.profile_updated'] });
    expect(await payloadOf(answer)).toMatchObject({
      aggregate_type: 'user',
      aggregate_id: answer.body['id'],
      organization_id: answer.body['organization_id'],
      data: { member_id: answer.body['member_id'], email: CAROL, old_name: 'Carol Clark', new_name: 'Caroline Clark' },
    });
    const [entry] = await system.query('select * from events_auditlog where aggregate_id = $1', [answer.body['id']]);
    expect(entry).toMatchObject({
      aggregate_type: 'user',
      organization_id: answer.body['organization_id'],
      diff: { old: { name: 'Carol Clark' }, new: { name: 'Caroline Clark' } },
    });
  });

  it('with the same name publishes and records nothing', async () => {
    await rename('Carol C');
    const answer = await rename('Carol C');
    expect(answer.status).toBe(200);
    expect(await tracesBy(answer)).toEqual({ events: [], actions: [] });
  });

  it('changes the name of an operator, which belongs to no organization', async () => {
    const answer = await rename('Olga O', OLGA);
    expect(answer).toMatchObject({ status: 200, body: { name: 'Olga O', role: 'operator', organization_id: null } });
    expect(await tracesBy(answer)).toEqual({ events: ['user.profile_updated'], actions: ['user.profile_updated'] });
    const payload = await payloadOf(answer);
    expect(payload).toMatchObject({ organization_id: null, data: { old_name: 'Olga Olsen', new_name: 'Olga O' } });
    expect(payload).not.toHaveProperty('data.member_id');
    expect((await system.request('GET', '/me', { as: OLGA })).body['name']).toBe('Olga O');
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['no name', undefined],
    ['an empty text', ''],
    ['white space', ' \t'],
    ['a text of 201 characters', 'x'.repeat(201)],
    ['a number', 7],
    ['U+0000', 'a\u0000b'],
    ['an invisible text', '\u200b'],
  ])('with %s gets 422 that names the field', async (_, name) => {
    const answer = await rename(name);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field: 'name' }] } });
  });

  it('of one person twenty times and a change of the role at the same time loses neither', async () => {
    const { body: me } = await system.request('GET', '/me', { as: CAROL });
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, (_, n) => rename(`Carol ${n}`)),
      system.request('PATCH', `/members/${String(me['member_id'])}`, { as: 'alice@example.com', body: { role: 'admin' } }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(Array(21).fill(200));
    const names = await system.query<{ old: string; new: string }>(
      `select diff -> 'old' ->> 'name' as old, diff -> 'new' ->> 'name' as new from events_auditlog
       where action = 'user.profile_updated' and aggregate_id = $1 order by created_at`,
      [me['id']],
    );
    const after = (await system.request('GET', '/me', { as: CAROL })).body;
    expect(after).toMatchObject({ role: 'admin', name: names.at(-1)!.new });
    names.slice(1).forEach((entry, index) => expect(entry.old).toBe(names[index]!.new));
  });

  it('is refused if the organization is deleted while the request waits for its lock', async () => {
    const ofGlobex = `where slug = 'globex'`;
    const answer = await withConnection(system.database.ownerUrl, async (client) => {
      await client.query('begin');
      await client.query(`update organizations_organization set deleted_at = now() ${ofGlobex}`);
      const renamed = rename('Gina G', 'gina@example.com');
      await waitFor('the request waits for the organization', async () => (await system.query(WAITING)).length > 0);
      await client.query('commit');
      return renamed;
    });
    expect(answer).toMatchObject({ status: 403, body: { detail: 'The organization was deleted.' } });
    expect(await tracesBy(answer)).toEqual({ events: [], actions: [] });
    await system.query(`update organizations_organization set deleted_at = null ${ofGlobex}`);
  });

  it('without a session gets 401', async () => {
    expect((await system.request('PATCH', '/me', { body: { name: 'x' } })).status).toBe(401);
  });
});
