import pg from 'pg';
import { QueryFailedError } from 'typeorm';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { PikaiaError } from '@pikaia/core';
import { createDatabase, executeSql, type TestDatabase } from '../../../../test/support/database.js';
import { TlsFront } from '../../../../test/support/tls.front.js';
import { databaseFault, type DatabaseFault } from './database-fault.js';

type Kind = DatabaseFault | undefined;

/** Each error as it really arrives, where a server can be brought to send it. */
describe('databaseFault', () => {
  let database: TestDatabase;
  let front: TlsFront;
  let silent: Server;
  const role = `fault_${process.pid}`;

  beforeAll(async () => {
    database = await createDatabase({ empty: true });
    const name = new URL(database.ownerUrl).pathname.slice(1);
    await executeSql(
      database.ownerUrl,
      `create role ${role} login password 'right'; create role ${role}_full login password 'right' connection limit 0;
       create role ${role}_nologin password 'right'; revoke connect on database ${name} from public;
       grant connect on database ${name} to ${role}_full, ${role}_nologin; create table kept (id int)`,
    );
    front = await TlsFront.start(
      { host: new URL(database.ownerUrl).hostname, port: Number(new URL(database.ownerUrl).port) },
      'localhost',
    );
    silent = createServer().listen(0, '127.0.0.1');
  });
  afterAll(async () => {
    silent.close();
    await front.stop();
    const server = database.ownerUrl;
    await executeSql(
      server,
      `drop owned by ${role}, ${role}_full, ${role}_nologin; drop role ${role}, ${role}_full, ${role}_nologin`,
    );
    await database.drop();
  });

  const url = (change: Partial<URL> = {}, query = ''): string => {
    const changed = Object.assign(new URL(database.ownerUrl), change);
    changed.search = query;
    return changed.href;
  };
  const portOf = (server: Server): string => String((server.address() as AddressInfo).port);

  async function thrownBy(connectionString: string, sql: readonly string[] = []): Promise<unknown> {
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      for (const statement of sql) await client.query(statement);
      return undefined;
    } catch (error) {
      return error;
    } finally {
      await client.end();
    }
  }

  it.each<[string, RegExp, () => string]>([
    ['a wrong password', /28P01/, () => url({ username: role, password: 'wrong' })],
    ['a role that may not log in', /28000/, () => url({ username: `${role}_nologin`, password: 'right' })],
    ['a role whose connections are used up', /53300/, () => url({ username: `${role}_full`, password: 'right' })],
    ['a role that may not connect to the database', /42501/, () => url({ username: role, password: 'right' })],
    ['a database that does not exist', /3D000/, () => url({ pathname: '/gone' })],
    ['a setting that the server does not know', /42704/, () => url({}, '?options=-c%20nonsense%3D1')],
    ['a port where nobody listens', /ECONNREFUSED/, () => url({ port: '1' })],
    ['a host that does not exist', /ENOTFOUND|EAI_AGAIN/, () => url({ hostname: 'nowhere.invalid' })],
    ['a server that accepts and is silent', /timeout expired/, () => url({ port: portOf(silent) })],
    ['no password', /SASL/, () => url({ password: '' })],
    ['a server without TLS', /does not support SSL/, () => url({}, '?sslmode=verify-full')],
    [
      'a certificate of an unknown authority',
      /UNABLE_TO_|SELF_SIGNED/,
      () => url({ hostname: 'localhost', port: String(front.port) }, '?sslmode=verify-full'),
    ],
  ])('calls the database unavailable at %s', async (_, code, to) => {
    const error = await thrownBy(to());
    expect(textOf(error)).toMatch(code);
    expect(databaseFault(error)).toBe('unavailable');
    expect(databaseFault(new Error('outer', { cause: error }))).toBe('unavailable');
  });

  it.each<[string, Kind, string, readonly string[]]>([
    ['a session that is ended', 'unavailable', '57P01', ['select pg_terminate_backend(pg_backend_pid())']],
    ['a statement that takes too long', 'busy', '57014', ["set statement_timeout = '50ms'", 'select pg_sleep(10)']],
    [
      'a write on a server that only reads',
      'unavailable',
      '25006',
      ['set default_transaction_read_only = on', 'insert into kept values (1)'],
    ],
    [
      'a right that was taken away',
      undefined,
      '42501',
      [`grant select on kept to ${role}`, `set role ${role}`, 'insert into kept values (1)'],
    ],
    ['a table that does not exist', undefined, '42P01', ['select * from missing']],
    ['a value that cannot be read', undefined, '22P02', ["select 'x'::int"]],
  ])('decides about %s by what the server answers', async (_, kind, code, sql) => {
    const error = await thrownBy(database.ownerUrl, sql);
    expect(textOf(error)).toContain(code);
    expect(databaseFault(error)).toBe(kind);
  });

  it('calls a transaction that was idle for too long busy', async () => {
    const error = await idleTooLong(database.ownerUrl);
    expect(error).toMatchObject({ code: '25P03', severity: 'FATAL' });
    expect(databaseFault(error)).toBe('busy');
  });

  it.each<[string, Kind]>([
    ['08000', 'unavailable'],
    ['08003', 'unavailable'],
    ['08006', 'unavailable'],
    ['08P01', 'unavailable'], // poolers use it for whatever they refuse
    ['53000', 'unavailable'],
    ['53100', 'unavailable'], // disk full
    ['53200', 'busy'], // out of memory: this statement may be the reason
    ['53400', undefined], // temp_file_limit and the like: the same statement exceeds it again
    ['57000', 'unavailable'],
    ['57P02', 'unavailable'],
    ['57P03', 'unavailable'],
    ['57P04', 'unavailable'],
    ['57P05', 'unavailable'],
    ['58000', 'unavailable'],
    ['58030', 'unavailable'], // I/O
    ['58P01', undefined], // a file of an extension is missing
    ['40001', 'busy'],
    ['40P01', 'busy'],
    ['55P03', 'busy'],
    ['25P04', 'busy'],
    ['23505', undefined],
    ['XX000', undefined],
    ['XX001', undefined], // damaged data: a person has to look
  ])('classifies SQLSTATE %s of a statement as %s', async (code, kind) => {
    const error = (await thrownBy(database.ownerUrl, [`do $$ begin raise 'x' using errcode = '${code}'; end $$`])) as Error;
    expect(error).toMatchObject({ code, severity: 'ERROR' });
    expect(databaseFault(new QueryFailedError('select 1', [], error))).toBe(kind);
  });

  it.each<[string, Kind, Error]>([
    ['a pool that has no connection', 'unavailable', new Error('timeout exceeded when trying to connect')],
    ['a pool that was closed', 'unavailable', new Error('Cannot use a pool after calling end on the pool')],
    ['a connection that was cut', 'unavailable', new Error('Connection terminated unexpectedly')],
    ['a broken pipe', 'unavailable', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })],
    ['a missing socket file', 'unavailable', Object.assign(new Error('no'), { code: 'ENOENT', syscall: 'connect' })],
    ['a certificate that has expired', 'unavailable', Object.assign(new Error('no'), { code: 'CERT_HAS_EXPIRED' })],
    ['FATAL with any code', 'unavailable', Object.assign(new Error('no'), { code: '55000', severity: 'FATAL' })],
    ['an unanswered statement', 'unavailable', new PikaiaError('PIKAIA_DATABASE_UNRESPONSIVE', 'no')],
    ['a lost transaction', 'unavailable', new PikaiaError('PIKAIA_DATABASE_CONNECTION_LOST', 'no')],
    [
      'an unanswered COMMIT',
      'in_doubt',
      new PikaiaError('PIKAIA_TRANSACTION_IN_DOUBT', 'no', { cause: new Error('Connection terminated') }),
    ],
    ['a missing file', undefined, Object.assign(new Error('no'), { code: 'ENOENT', syscall: 'open' })],
    ['a message that quotes one of these', undefined, new Error('he said: Connection terminated')],
    ['a mistake in the program', undefined, new TypeError('x is not a function')],
  ])('decides about %s without a server', (_, kind, error) => {
    expect(databaseFault(error)).toBe(kind);
  });

  it('ends with errors that are their own cause, and with what is no error', () => {
    const error: { cause?: unknown } = {};
    error.cause = error;
    for (const thrown of [error, undefined, null, 'ECONNREFUSED', 5]) expect(databaseFault(thrown)).toBeUndefined();
  });
});

/** The error that a client hears on its idle connection. */
async function idleTooLong(connectionString: string): Promise<unknown> {
  const client = new pg.Client({ connectionString });
  const heard = new Promise((resolve) => client.once('error', resolve));
  client.on('error', () => undefined);
  await client.connect();
  await client.query("set idle_in_transaction_session_timeout = '50ms'");
  await client.query('begin');
  const error = await heard;
  await client.end();
  return error;
}

const textOf = (error: unknown): string => {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  return `${code}: ${message}`;
};
