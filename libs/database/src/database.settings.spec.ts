import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import { loadSettings } from '@pikaia/core';
import { ClsModule } from 'nestjs-cls';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { connect, createDatabase, type TestDatabase } from '../../../test/support/database/database.js';
import { TlsFront } from '../../../test/support/database/tls.front.js';
import { DatabaseModule } from './database.module.js';
import { DatabaseSettings } from './database.settings.js';

const parts = { DATABASE_HOST: 'db', DATABASE_NAME: 'pikaia', DATABASE_USER: 'pikaia_api', DATABASE_PASSWORD: 'geheim' };
const load = (environment: Record<string, string>): DatabaseSettings => loadSettings([DatabaseSettings], environment)[0];

describe('DatabaseSettings', () => {
  it('has a default for every setting except the address', () => {
    expect(load({ DATABASE_URL: 'postgres://a:b@c/d' })).toMatchObject({
      databaseUrl: 'postgres://a:b@c/d',
      databasePoolSize: 10,
      databaseStatementTimeoutMs: 15_000,
      logSlowQueryMs: 1_000,
    });
  });

  it('builds the URL from its parts, with TLS verification unless DATABASE_TLS is off', () => {
    expect(load(parts).databaseUrl).toBe('postgres://pikaia_api:geheim@db:5432/pikaia?sslmode=verify-full');
    const all = { ...parts, DATABASE_HOST: '[::1]', DATABASE_PORT: '6543', DATABASE_TLS: 'off', DATABASE_PASSWORD: '@/?#%&: ü' };
    expect(load(all).databaseUrl).toBe('postgres://pikaia_api:%40%2F%3F%23%25%26%3A%20%C3%BC@[::1]:6543/pikaia?sslmode=disable');
  });

  it.each([
    ['an empty environment', {}, /DATABASE_URL is not set/],
    [
      'a URL of another database system',
      { DATABASE_URL: 'mysql://a:geheim@c/d' },
      /DATABASE_URL has a value that is not accepted/,
    ],
    ['a pool size of zero', { DATABASE_URL: 'postgres://a:b@c/d', DATABASE_POOL_SIZE: '0' }, /DATABASE_POOL_SIZE is "0"/],
    [
      'a timeout that is not a number',
      { ...parts, DATABASE_STATEMENT_TIMEOUT_MS: 'soon' },
      /DATABASE_STATEMENT_TIMEOUT_MS is "soon"/,
    ],
    [
      'a URL together with parts',
      { DATABASE_URL: 'postgres://a:geheim@c/d', DATABASE_HOST: 'db', DATABASE_PASSWORD: 'geheim' },
      /DATABASE_URL has a value.*must not be set together with DATABASE_HOST, DATABASE_PASSWORD: give the URL or its parts/,
    ],
    [
      'a URL together with DATABASE_TLS',
      { DATABASE_URL: 'postgres://a:b@c/d', DATABASE_TLS: 'verify' },
      /together with DATABASE_TLS:/,
    ],
    [
      'a password without the other parts',
      { DATABASE_PASSWORD: 'geheim' },
      /DATABASE_HOST is not set.*\n.*DATABASE_NAME is not set.*\n.*DATABASE_USER/,
    ],
    ['a host with a path and a query', { ...parts, DATABASE_HOST: 'db/other?' }, /DATABASE_HOST is "db\/other\?"/],
    ['a database name with a query', { ...parts, DATABASE_NAME: 'a?sslmode=disable' }, /DATABASE_NAME is/],
    ['an unknown TLS mode', { ...parts, DATABASE_TLS: 'prefer' }, /DATABASE_TLS is "prefer"/],
    [
      'a certificate authority without TLS',
      { ...parts, DATABASE_TLS: 'off', DATABASE_TLS_CA_FILE: __filename },
      /not be set with DATABASE_TLS=off/,
    ],
    [
      'a certificate authority file that does not exist',
      { ...parts, DATABASE_TLS_CA_FILE: '/nowhere.pem' },
      /must be a readable file of certificates/,
    ],
    [
      'a certificate authority file without certificates',
      { ...parts, DATABASE_TLS_CA_FILE: __filename },
      /must be a readable file of certificates/,
    ],
  ])('refuses %s with a message that names the variable and no secret', (_, environment, message) => {
    expect(() => load(environment as Record<string, string>)).toThrow(message);
    expect(() => load(environment as Record<string, string>)).not.toThrow(/geheim/);
  });
});

describe('a database address that is given in parts, with TLS', () => {
  const password = `@/?#%&: '"$ü`;
  let database: TestDatabase;
  let front: TlsFront;
  let folder: string;

  beforeAll(async () => {
    database = await createDatabase();
    const { hostname, port } = new URL(database.ownerUrl);
    front = await TlsFront.start({ host: hostname, port: Number(port) }, 'localhost');
    folder = mkdtempSync(join(tmpdir(), 'pikaia-tls-'));
    writeFileSync(join(folder, 'authority.pem'), front.authority);
    await asOwner(`create role pikaia_parts login noinherit password ${pg.escapeLiteral(password)}`);
  });
  afterAll(async () => {
    await asOwner('drop role pikaia_parts');
    await front.stop();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  async function asOwner(sql: string): Promise<void> {
    const client = await connect(database.ownerUrl);
    await client.query(sql).finally(() => client.end());
  }

  const settings = (more: Record<string, string> = {}): DatabaseSettings =>
    load({
      DATABASE_HOST: 'localhost',
      DATABASE_PORT: String(front.port),
      DATABASE_NAME: new URL(database.ownerUrl).pathname.slice(1),
      DATABASE_USER: 'pikaia_parts',
      DATABASE_PASSWORD: password,
      ...more,
    });
  const trusting = () => ({ DATABASE_TLS_CA_FILE: join(folder, 'authority.pem') });

  async function whoAmI(connectionString: string): Promise<unknown> {
    const client = new pg.Client({ connectionString });
    await client.connect();
    try {
      return (await client.query('select current_user as me')).rows[0];
    } finally {
      await client.end();
    }
  }

  it('connects with pg and with DatabaseModule when the password contains special characters', async () => {
    expect(await whoAmI(settings(trusting()).databaseUrl)).toEqual({ me: 'pikaia_parts' });
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings: settings(trusting()), applicationName: 'pikaia-spec' }),
      ],
    })
    class SpecModule {}
    const app = await NestFactory.createApplicationContext(SpecModule, { logger: false, abortOnError: false });
    const source = app.get<DataSource>(getDataSourceToken());
    expect(await source.query('select current_user as me')).toEqual([{ me: 'pikaia_parts' }]);
    await app.close();
  });

  it.each([
    ['whose certificate authority is unknown', {}, /self-signed certificate|unable to (get|verify)/],
    ['whose certificate is for another host', { DATABASE_HOST: '127.0.0.1', trust: '1' }, /altnames/],
    ['that requires TLS when TLS is off', { DATABASE_TLS: 'off' }, /Connection terminated|ECONNRESET/],
  ])('does not connect to a server %s', async (_, { trust, ...more }: Record<string, string>, why) => {
    await expect(whoAmI(settings({ ...more, ...(trust && trusting()) }).databaseUrl)).rejects.toThrow(why);
  });
});
