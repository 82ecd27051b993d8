import { newId } from '@pikaia/core';
import type pg from 'pg';
import { isEmail } from 'class-validator';
import { connect } from '../support/database/database.js';
import { System, type ApiResponse } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com'; // an admin of acme
const GINA = 'gina@example.com'; // an admin of globex

// The statements with which the version before canonical addresses stores an invitation.
const OLD_INSERT = 'insert into organizations_user (id, email, name) values ($1, $2, $3) on conflict ((lower(email))) do nothing';
const OLD_FIND = 'select id, email, name from organizations_user where lower(email) = lower($1)';
const OLD_MEMBER = `
  insert into organizations_member (id, organization_id, user_id, role, status, invited_at)
  select $1, id, $2, 'member', 'invited', now() from organizations_organization where slug = 'globex'`;

let system: System;
let old: pg.Client;

beforeAll(async () => {
  system = await System.start({ worker: false });
  old = await connect(system.database.apiUrl);
});
afterAll(() => expect(system.lines.filter(({ level }) => level === 'ERROR' || level === 'CRITICAL')).toEqual([]));
afterAll(async () => {
  await old.end();
  await system.stop();
});

const invite = (as: string, email: string, fields: Record<string, unknown> = {}) =>
  system.request('POST', '/members/invitations', { as, body: { email, role: 'member', ...fields } });

async function oldInvite(email: string, name: string | null = null): Promise<{ user: string; member: string }> {
  await old.query(OLD_INSERT, [newId(), email, name]);
  const { rows } = await old.query<{ id: string }>(OLD_FIND, [email]);
  const member = newId();
  await old.query(OLD_MEMBER, [member, rows[0]!.id]);
  return { user: rows[0]!.id, member };
}

async function userOf({ body }: ApiResponse): Promise<string> {
  const [row] = await system.query<{ user_id: string }>('select user_id from organizations_member where id = $1', [body['id']]);
  return row!.user_id;
}

/** During a rolling deployment the old version inserts people and memberships without the new columns. */
describe('during a deployment that replaces the version without canonical addresses, this version', () => {
  it.each([
    ['Rolf@Example.com', 'rolf@example.com'],
    ['rita@BÜCHER.example', 'Rita@bücher.example'],
    ['rosa@bücher.example', 'rosa@xn--bcher-kva.example'],
    ['rudi@xn--bcher-kva.example', 'rudi@bücher.example'],
  ])(
    'finds the person that the old version inserted as %s by %s, and shows the other organization no personal data',
    async (typed, address) => {
      const { user } = await oldInvite(typed, 'Typed by globex');
      const answer = await invite(ALICE, address);
      expect(answer.status).toBe(201);
      expect(await userOf(answer)).toBe(user);
      const { body } = await system.request('GET', `/members/${String(answer.body['id'])}`, { as: ALICE });
      expect(body).toMatchObject({ email: address, name: null });
    },
  );

  it('waits for a person whose transaction is still open', async () => {
    await old.query('begin');
    const { user } = await oldInvite('Wanda@Example.com');
    const answers = Promise.all([invite(ALICE, 'wanda@example.com'), invite(ALICE, 'wanda@example.com')]);
    await waitFor('an invitation waits for a lock', async () => {
      const waiting = await system.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%insert into organizations_user%'`,
      );
      return waiting.length > 0;
    });
    await old.query('commit');
    expect((await answers).map(({ status }) => status).toSorted()).toEqual([200, 201]);
    expect(new Set(await Promise.all((await answers).map(userOf)))).toEqual(new Set([user]));
  });

  it('creates one person from parallel invitations even if lower() of another person blocks the address', async () => {
    const { user } = await oldInvite('victor@k\u0130wi.example.com');
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => invite(n % 2 ? ALICE : GINA, 'victor@kiwi.example.com')),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array<number>(10).fill(200), 201, 201]);
    const users = new Set(await Promise.all(answers.map(userOf)));
    expect(users.size).toBe(1);
    expect(users).not.toContain(user);
  });

  it('shows the canonical address of a membership without address and name until its organization types them', async () => {
    await invite(ALICE, 'Xaver@Example.com', { name: 'Xaver of acme' });
    const { member } = await oldInvite('XAVER@example.com', 'Xaver of globex');
    const path = `/members/${member}`;
    expect((await system.request('GET', path, { as: GINA })).body).toMatchObject({ email: 'xaver@example.com', name: null });
    expect((await invite(GINA, 'XaVer@example.com', { name: 'X' })).status).toBe(200);
    expect((await system.request('GET', path, { as: GINA })).body).toMatchObject({ email: 'XaVer@example.com', name: 'X' });
    const other = await oldInvite('YVES@example.com', 'Yves');
    expect((await system.request('DELETE', `/members/${other.member}`, { as: GINA })).status).toBe(204);
  });

  it.each(['Zoe@Example.com', 'zita@BÜCHER.example'])(
    'inserts %s as a person that the old version can find and show',
    async (address) => {
      const answer = await invite(ALICE, address, { name: 'Typed by acme' });
      const { rows } = await old.query<{ id: string; email: string; name: string | null }>(OLD_FIND, [address]);
      expect(rows).toEqual([{ id: await userOf(answer), email: address.toLowerCase(), name: null }]);
      expect(isEmail(rows[0]!.email)).toBe(true);
    },
  );
});
