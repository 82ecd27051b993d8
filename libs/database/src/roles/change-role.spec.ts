import type pg from 'pg';
import { connect } from '../../../../test/support/database/database.js';
import { changeRole } from './change-role.js';

const ROUNDS = 20;
const SESSIONS = 8;
const mark = `c${process.pid}_${Date.now().toString(36)}`;
let sessions: pg.Client[];

beforeAll(async () => {
  sessions = await Promise.all(Array.from({ length: SESSIONS }, () => connect(process.env['PIKAIA_TEST_SERVER']!)));
});
afterAll(() => Promise.all(sessions.map((session) => session.end())));

/** Creates a role for each round, lets all sessions change it at the same time, and returns the errors. */
async function race(change: (session: pg.Client, role: string) => Promise<unknown>): Promise<unknown[]> {
  const errors: unknown[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const role = `${mark}_${round}`;
    await sessions[0]!.query(`create role ${role} login`);
    const results = await Promise.allSettled(sessions.map((session) => change(session, role)));
    errors.push(...results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])));
    await sessions[0]!.query(`drop role ${role}`);
  }
  return errors;
}

describe('changeRole', () => {
  const statements = (role: string) => [
    `alter role ${role} set statement_timeout = 1000`,
    `alter role ${role} set idle_in_transaction_session_timeout = 2000`,
    `alter role ${role} password 'secret'`,
    `grant pg_monitor to ${role}`,
  ];

  it('succeeds in all sessions that change the same role at the same time', async () => {
    const errors = await race(async (session, role) => {
      for (const statement of statements(role)) await changeRole(session, statement);
    });
    expect(errors).toEqual([]);
  });

  it('repeats the errors that PostgreSQL raises without it', async () => {
    const errors = await race(async (session, role) => {
      for (const statement of statements(role)) await session.query(statement);
    });
    const codes = new Set(errors.map((error) => (error as { code: string }).code));
    expect([...codes].filter((code) => !['XX000', '23505'].includes(code))).toEqual([]);
    expect(codes.size).toBeGreaterThan(0);
  });

  it('throws other errors at once', async () => {
    await expect(changeRole(sessions[0]!, `alter role ${mark}_missing password 'secret'`)).rejects.toMatchObject({
      code: '42704',
    });
  });
});
