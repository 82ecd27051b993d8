import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { waitFor } from '../support/time/wait-for.js';
import { Installation } from './installation.js';

/** What the clock of the story has changed in the database. */
const CHANGES = `
  select (select count(*)::int from pg_namespace where nspname = 'week') as schemas,
    (select count(*)::int from pg_attrdef where pg_get_expr(adbin, adrelid) like '%week%') as defaults,
    (select count(*)::int from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase) as settings,
    current_setting('synchronous_commit') as synchronous_commit`;

describe('npm start, when a step of the seeded week fails', () => {
  const installation = new Installation('failure', { week: true });
  const path = (...parts: string[]): string => join(installation.root, ...parts);
  afterAll(() => installation.remove());

  const query = async (sql: string): Promise<object[]> => {
    const client = new pg.Client({ connectionString: (await installation.run('db-url.ts')).stdout.trim() });
    await client.connect();
    try {
      return (await client.query<object>(sql)).rows;
    } finally {
      await client.end();
    }
  };

  it('starts without the week at the present time, and the next start keeps what a user has added', async () => {
    const story = path('scripts/week/story.ts');
    // While emails fail: the worst moment.
    const planted = readFileSync(story, 'utf8').replace('week.repairMail();', `throw new Error('planted failure');`);
    writeFileSync(story, planted);
    const start = await installation.start();
    expect(await start.settled()).toBe('ready');
    expect(start.stderr).toMatch(/the week could not be seeded \(planted failure\), so the system starts without it/);
    expect(start.stderr).not.toContain('console/c/undefined');
    expect(existsSync(path('var/week.json'))).toBe(false);
    expect(readFileSync(path('var/log.incomplete/api.jsonl'), 'utf8')).toContain('request_completed');
    expect(await query(CHANGES)).toEqual([{ schemas: 0, defaults: 0, settings: 0, synchronous_commit: 'on' }]);
    expect(await query('select from outbox.outbox_log')).toEqual([]);

    const invitedAt = Date.now();
    const token = (await installation.run('token.ts', '--email', 'alice@example.com')).stdout.trim().split('\n').at(-1);
    const { api } = await installation.ports();
    const response = await fetch(`http://127.0.0.1:${api}/api/v1/members/invitations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'frank@example.com', role: 'member' }),
    });
    expect(response.status).toBe(201);
    await waitFor('the email is written', () => existsSync(path('var/mail')) && readdirSync(path('var/mail')).length === 1);
    const invitations = () => query(`select created_at from organizations_member where email = 'frank@example.com'`);
    const [invitation] = (await invitations()) as { created_at: Date }[];
    expect(invitation!.created_at.getTime()).toBeGreaterThan(invitedAt - 60_000);

    expect(await start.stop()).toBe(0);
    const next = await installation.start();
    expect(await next.settled()).toBe('ready');
    expect(await invitations()).toEqual([invitation]);
    expect(next.stderr).not.toContain('a week of life');
  });
});
