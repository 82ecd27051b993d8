import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { System, type ApiResponse } from '../support/system/system.js';

const ALICE = 'alice@example.com'; // an admin of acme
const GINA = 'gina@example.com'; // an admin of globex
const OLGA = 'olga@example.com';

let system: System;

beforeAll(async () => {
  system = await System.start();
});
afterAll(() => expect(system.lines.filter(({ level }) => level === 'ERROR' || level === 'CRITICAL')).toEqual([]));
afterAll(() => system.stop());

const invite = (as: string, email: string, fields: Record<string, unknown> = {}) =>
  system.request('POST', '/members/invitations', {
    as,
    body: { email, role: 'member', ...fields },
    headers: { prefer: 'change-token' },
  });
const correlationOf = (answer: ApiResponse) => answer.headers.get('x-correlation-id')!;

async function userOf({ body }: ApiResponse): Promise<string> {
  const [row] = await system.query<{ user_id: string }>('select user_id from organizations_member where id = $1', [body['id']]);
  return row!.user_id;
}

/** Reads the email of an invitation, as the file transport wrote it. */
async function emailOf(answer: ApiResponse): Promise<string> {
  const id = [correlationOf(answer)];
  const [event] = await system.query<{ event_id: string }>(
    'select event_id from outbox.outbox_log where correlation_id = $1',
    id,
  );
  await system.waitUntilSeen('welcome-email', answer);
  return readFileSync(join(system.directory, 'mail', `${event!.event_id}.eml`), 'utf8').replaceAll('=\r\n', '');
}

function invitationIn(email: string): Record<string, unknown> {
  const token = /accept\?token=(?:3D)?([\w-]+\.[\w-]+\.[\w-]+)/.exec(email)![1]!;
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
}

/** Reads everything that an admin can see of the admin's organization. */
async function everythingSeenBy(admin: string): Promise<string> {
  const bodies: unknown[] = [];
  for (const list of ['/members', '/admin/events', '/admin/audit-logs']) {
    for (let cursor: unknown = ''; cursor !== null;) {
      const page = await system.request('GET', `${list}?limit=100${cursor ? `&cursor=${String(cursor)}` : ''}`, { as: admin });
      expect(page.status).toBe(200);
      bodies.push(page.body['data']);
      cursor = page.body['next_cursor'];
    }
  }
  return JSON.stringify(bodies);
}

/** Makes the invited person an active member, which no route does yet. */
async function activate({ body }: ApiResponse): Promise<void> {
  await system.query(
    `update organizations_member set status = 'active', joined_at = now(), provider_id = 'member-test-' || id where id = $1`,
    [body['id']],
  );
}

describe('an email address', () => {
  it('of another domain identifies another person, even if lower() folds both into the same text', async () => {
    const [hostile, real] = ['victim@k\u0130wi.example.com', 'victim@kiwi.example.com'];
    const attack = await invite(GINA, hostile, { name: 'Mallory' });
    const honest = await invite(ALICE, real, { name: 'Victoria' });
    expect([attack.status, honest.status]).toEqual([201, 201]);
    expect(honest.body['email']).toBe(real);
    expect(await userOf(attack)).not.toBe(await userOf(honest));

    const email = await emailOf(honest);
    expect(email).toContain(`To: Victoria <${real}>\r\n`);
    expect(invitationIn(email)).toMatchObject({ sub: honest.body['id'], email: real });
    expect(email).not.toContain('xn--');
    expect(await emailOf(attack)).toContain('To: Mallory <victim@xn--kiwi-rwc.example.com>\r\n');
  });

  it('identifies the same person in another case of ASCII letters, and with the ASCII form of the domain', async () => {
    const spellings = ['Anna@bücher.example', 'anna@BÜCHER.example', 'ANNA@bu\u0308cher.example', 'anna@xn--bcher-kva.example'];
    const answers = [];
    for (const spelling of spellings) answers.push(await invite(ALICE, spelling));
    answers.push(await invite(GINA, 'aNNa@XN--BCHER-KVA.example'));
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 200, 201]);
    expect(new Set(await Promise.all(answers.map(userOf))).size).toBe(1);
    expect(await emailOf(answers[1]!)).toContain('To: anna@xn--bcher-kva.example\r\n');
    expect(await emailOf(answers[2]!)).toContain('To: ANNA@xn--bcher-kva.example\r\n');
  });

  it.each([
    ['non-ASCII letters before the @', 'ü@exämple.com'],
    ['U+212A, which lower() folds into k', '\u{212a}arl@example.com'],
    ['U+0130, which lower() folds into i', 'v\u{130}ctim@example.com'],
    ['U+017F, which IDNA would map to s', 'anna@\u{17f}hop.example'],
    ['an invisible character in the domain', 'anna@ex\u{ad}ample.com'],
    ['a quoted part before the @', '"anna"@example.com'],
    ['a domain that is too long in its ASCII form', `anna@${'ä'.repeat(62)}.example`],
    ['a label whose punycode is invalid', 'anna@xn--zzzzzz99999.example'],
    ['an IP address as its domain', 'anna@[127.0.0.1]'],
  ])('with %s gets 422 that names the field, and nothing is written', async (_, email) => {
    const answer = await invite(ALICE, email);
    expect(answer.status).toBe(422);
    expect(answer.body['errors']).toEqual([{ field: 'email', message: expect.stringMatching(/mail can be sent/) }]);
    expect(await system.query('select from outbox.outbox_log where correlation_id = $1', [correlationOf(answer)])).toEqual([]);
  });

  it('creates a new person if an older version stored another person whose address lower() folds into the invited one', async () => {
    const [older] = await system.query<{ id: string; folded: string }>(
      `insert into organizations_user (id, email) values (gen_random_uuid(), $1) returning id, lower(email) as folded`,
      ['\u{212a}urt@example.com'],
    );
    expect(older!.folded).toBe('kurt@example.com');
    const answers = [await invite(ALICE, 'kurt@example.com'), await invite(GINA, 'Kurt@example.com')];
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    const [user, again] = await Promise.all(answers.map(userOf));
    expect([again, user === older!.id]).toEqual([user, false]);
    expect(
      await system.query('select email, email_key from organizations_user where id = any($1) order by email_key', [
        [user, older!.id],
      ]),
    ).toEqual([
      { email: `user-${user}@taken.invalid`, email_key: 'kurt@example.com' },
      { email: '\u{212a}urt@example.com', email_key: null },
    ]);
  });

  it('that two organizations invite twenty times concurrently creates one person with a membership in each', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => invite(n % 2 ? ALICE : GINA, n % 3 ? 'otto@example.com' : 'OTTO@Example.com')),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array<number>(18).fill(200), 201, 201]);
    expect(new Set(await Promise.all(answers.map(userOf))).size).toBe(1);
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(2);
  });
});

describe('the address and name that one tenant types for a person', () => {
  it('are never shown to another tenant in a list, an event, an audit entry or an email', async () => {
    const ours = await invite(GINA, 'Dora.SECRET@Example.com', { name: 'Dora, fired by globex' });
    const theirs = await invite(ALICE, 'dora.secret@example.com', { name: 'Dora Dahl' });
    expect(await userOf(ours)).toBe(await userOf(theirs));
    expect(await emailOf(theirs)).toContain('To: Dora Dahl <dora.secret@example.com>\r\n');

    const [acme, globex] = [await everythingSeenBy(ALICE), await everythingSeenBy(GINA)];
    expect(acme).toContain('Dora Dahl');
    expect(acme).not.toMatch(/fired by globex|Dora\.SECRET/);
    expect(globex).toContain('fired by globex');
    expect(globex).not.toContain('Dora Dahl');
    const { body } = await system.request('GET', `/members/${String(theirs.body['id'])}`, { as: ALICE });
    expect(body).toMatchObject({ email: 'dora.secret@example.com', name: 'Dora Dahl' });
  });

  it('are not shown to a tenant that typed no name', async () => {
    await invite(GINA, 'emma@example.com', { name: 'Emma of globex' });
    const answer = await invite(ALICE, 'emma@example.com');
    expect(await emailOf(answer)).toContain('Hello,');
    expect(await everythingSeenBy(ALICE)).not.toContain('Emma of globex');
  });

  it('stay separate in all later actions by and on the person', async () => {
    const [ours, theirs] = [
      await invite(GINA, 'fritz@example.com', { name: 'Fritz of globex', role: 'admin' }),
      await invite(ALICE, 'Fritz@Example.com', { name: 'Fritz of acme', role: 'admin' }),
    ];
    await activate(ours);
    const asGlobex = await system.request('GET', '/me', { as: 'fritz@example.com' });
    expect(asGlobex.body).toMatchObject({ email: 'fritz@example.com', name: 'Fritz of globex' });
    await invite('fritz@example.com', 'guest-of-fritz@example.com');
    const removed = await system.request('DELETE', `/members/${String(theirs.body['id'])}`, { as: ALICE });
    expect(removed.status).toBe(204);
    const [acme, globex] = [await everythingSeenBy(ALICE), await everythingSeenBy(GINA)];
    expect(acme).not.toContain('Fritz of globex');
    expect(acme).not.toContain('"fritz@example.com"');
    expect(globex).not.toMatch(/Fritz of acme|Fritz@Example/);
    expect(globex).toContain('"name":"Fritz of globex"'); // the name in invited_by
  });

  it('replace what the same tenant typed before, and the audit entry shows old and new values', async () => {
    const first = await invite(ALICE, 'Greta@Example.com', { name: 'Gerta' });
    const again = await invite(ALICE, 'greta@example.com', { name: 'Greta' });
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual({ ...first.body, email: 'greta@example.com' });
    const { body } = await system.request('GET', `/admin/audit-logs?correlation_id=${correlationOf(again)}`, { as: ALICE });
    expect(body['data']).toEqual([
      expect.objectContaining({
        diff: {
          old: { email: 'Greta@Example.com', name: 'Gerta', invited_at: expect.any(String) },
          new: { email: 'greta@example.com', name: 'Greta', invited_at: expect.any(String) },
        },
      }),
    ]);
    expect(await emailOf(again)).toContain('To: Greta <greta@example.com>\r\n');
    const third = await invite(ALICE, 'greta@example.com'); // no name is given, so the old one stays
    expect(await emailOf(third)).toContain('To: Greta <greta@example.com>\r\n');
  });

  it('do not change the name of an operator', async () => {
    await invite(ALICE, OLGA, { name: 'Olga of acme' });
    expect((await system.request('GET', '/me', { as: OLGA })).body).toMatchObject({ email: OLGA, name: 'Olga Olsen' });
    expect(await everythingSeenBy(ALICE)).not.toContain('Olga Olsen');
  });
});
