import pg from 'pg';
import { DataSource, QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { PikaiaError } from '@pikaia/core';
import { createDatabase, executeSql, type TestDatabase } from '../../../../test/support/database/database.js';
import { TlsFront } from '../../../../test/support/database/tls.front.js';
import { waitFor } from '../../../../test/support/time/wait-for.js';
import { databaseFault, type DatabaseFault } from './database-fault.js';

type Kind = DatabaseFault | undefined;

/** The errors come from a real server where possible. */
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
    ['a role that has reached its connection limit', /53300/, () => url({ username: `${role}_full`, password: 'right' })],
    ['a role that may not connect to the database', /42501/, () => url({ username: role, password: 'right' })],
    ['a database that does not exist', /3D000/, () => url({ pathname: '/gone' })],
    ['a setting that the server does not know', /42704/, () => url({}, '?options=-c%20nonsense%3D1')],
    ['a port without a listener', /ECONNREFUSED/, () => url({ port: '1' })],
    ['a host that does not exist', /ENOTFOUND|EAI_AGAIN/, () => url({ hostname: 'nowhere.invalid' })],
    ['a server that accepts the connection and sends nothing', /timeout expired/, () => url({ port: portOf(silent) })],
    ['a missing password', /SASL/, () => url({ password: '' })],
    ['a server without TLS', /does not support SSL/, () => url({}, '?sslmode=verify-full')],
    [
      'a certificate from an unknown authority',
      /UNABLE_TO_|SELF_SIGNED/,
      () => url({ hostname: 'localhost', port: String(front.port) }, '?sslmode=verify-full'),
    ],
  ])('returns unavailable for %s', async (_, code, address) => {
    const error = await thrownBy(address());
    expect(textOf(error)).toMatch(code);
    expect(databaseFault(error)).toBe('unavailable');
    expect(databaseFault(new Error('outer', { cause: error }))).toBe('unavailable');
  });

  it.each<[string, Kind, string, readonly string[]]>([
    ['a session that is terminated', 'unavailable', '57P01', ['select pg_terminate_backend(pg_backend_pid())']],
    ['a statement that times out', 'busy', '57014', ["set statement_timeout = '50ms'", 'select pg_sleep(10)']],
    [
      'a write on a read-only server',
      'unavailable',
      '25006',
      ['set default_transaction_read_only = on', 'insert into kept values (1)'],
    ],
    [
      'a missing privilege',
      undefined,
      '42501',
      [`grant select on kept to ${role}`, `set role ${role}`, 'insert into kept values (1)'],
    ],
    ['a table that does not exist', undefined, '42P01', ['select * from missing']],
    ['an invalid value', undefined, '22P02', ["select 'x'::int"]],
  ])('classifies the server error for %s as %s', async (_, kind, code, sql) => {
    const error = await thrownBy(database.ownerUrl, sql);
    expect(textOf(error)).toContain(code);
    expect(databaseFault(error)).toBe(kind);
  });

  it('returns busy for a transaction that exceeded its idle timeout', async () => {
    const error = await idleTooLong(database.ownerUrl);
    expect(error).toMatchObject({ code: '25P03', severity: 'FATAL' });
    expect(databaseFault(error)).toBe('busy');
  });

  it.each<[string, Kind]>([
    ['08000', 'unavailable'],
    ['08003', 'unavailable'],
    ['08006', 'unavailable'],
    ['08P01', 'unavailable'], // poolers use it for every refusal
    ['53000', 'unavailable'],
    ['53100', 'unavailable'], // disk full
    ['53200', 'busy'], // out of memory: this statement can be the reason
    ['53400', undefined], // limits such as temp_file_limit: the same statement exceeds them again
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
    ['XX001', undefined], // corrupt data: a person must investigate
  ])('classifies a statement error with SQLSTATE %s as %s', async (code, kind) => {
    const error = (await thrownBy(database.ownerUrl, [`do $$ begin raise 'x' using errcode = '${code}'; end $$`])) as Error;
    expect(error).toMatchObject({ code, severity: 'ERROR' });
    expect(databaseFault(new QueryFailedError('select 1', [], error))).toBe(kind);
  });

  it.each<[string, Kind, Error]>([
    ['a pool without a free connection', 'unavailable', new Error('timeout exceeded when trying to connect')],
    ['a pool that was closed', 'unavailable', new Error('Cannot use a pool after calling end on the pool')],
    ['a connection that was cut', 'unavailable', new Error('Connection terminated unexpectedly')],
    ['a broken pipe', 'unavailable', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })],
    ['a missing socket file', 'unavailable', Object.assign(new Error('no'), { code: 'ENOENT', syscall: 'connect' })],
    ['a certificate that has expired', 'unavailable', Object.assign(new Error('no'), { code: 'CERT_HAS_EXPIRED' })],
    [
      'an error with severity FATAL and any code',
      'unavailable',
      Object.assign(new Error('no'), { code: '55000', severity: 'FATAL' }),
    ],
    ['an unanswered statement', 'unavailable', new PikaiaError('PIKAIA_DATABASE_UNRESPONSIVE', 'no')],
    ['a lost transaction', 'unavailable', new PikaiaError('PIKAIA_DATABASE_CONNECTION_LOST', 'no')],
    [
      'an unanswered COMMIT',
      'in_doubt',
      new PikaiaError('PIKAIA_TRANSACTION_IN_DOUBT', 'no', { cause: new Error('Connection terminated') }),
    ],
    ['a missing file', undefined, Object.assign(new Error('no'), { code: 'ENOENT', syscall: 'open' })],
    ['a message that only contains a known message', undefined, new Error('he said: Connection terminated')],
    ['a programming error', undefined, new TypeError('x is not a function')],
  ])('classifies %s as %s', (_, kind, error) => {
    expect(databaseFault(error)).toBe(kind);
  });

  it('classifies the second statement of a query runner whose connection broke after the first as unavailable', async () => {
    const source = await new DataSource({
      type: 'postgres',
      url: database.ownerUrl,
      poolErrorHandler: () => undefined,
    }).initialize();
    try {
      const runner = source.createQueryRunner();
      const [{ pid }] = (await runner.query('select pg_backend_pid() as pid')) as [{ pid: number }];
      await executeSql(database.ownerUrl, `select pg_terminate_backend(${pid})`);
      await waitFor('the lost connection', () => runner.isReleased);
      const error: unknown = await runner.query('select 1').catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(QueryRunnerAlreadyReleasedError);
      expect(databaseFault(error)).toBe('unavailable');
    } finally {
      await source.destroy();
    }
  });

  it('returns undefined for an error that is its own cause and for values that are not errors', () => {
    const error: { cause?: unknown } = {};
    error.cause = error;
    for (const thrown of [error, undefined, null, 'ECONNREFUSED', 5]) expect(databaseFault(thrown)).toBeUndefined();
  });
});

/** Returns the error that a client emits on its idle connection. */
async function idleTooLong(connectionString: string): Promise<unknown> {
  const client = new pg.Client({ connectionString });
  const emitted = new Promise((resolve) => client.once('error', resolve));
  client.on('error', () => undefined);
  await client.connect();
  await client.query("set idle_in_transaction_session_timeout = '50ms'");
  await client.query('begin');
  const error = await emitted;
  await client.end();
  return error;
}

const textOf = (error: unknown): string => {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  return `${code}: ${message}`;
};
