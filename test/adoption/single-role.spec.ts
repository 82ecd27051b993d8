import { Body, Controller, Module, Post, type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AuditLog, auditMigrations, AuditModule, NotAudited } from '@pikaia/audit';
import { context } from '@pikaia/core';
import { DatabaseModule, migrate, type ExistingDataSourceOptions } from '@pikaia/database';
import { EventsModule, outboxMigrations } from '@pikaia/events';
import { LoggingModule } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { ClsModule } from 'nestjs-cls';
import { SHOP_TABLES, Shop, shopDataSource, shopModule } from '../support/adoption/shop.js';
import { createDatabase, executeSql, withConnection, type TestDatabase } from '../support/database/database.js';

const ROLE = `single_${process.pid}_${Date.now().toString(36)}`;
const migrations = [...outboxMigrations('single'), ...auditMigrations('single')];

let database: TestDatabase;
let url: string;
let app: INestApplication | undefined;

/** Creates an empty database of the role, which is not a superuser and may not create roles. */
async function ownDatabase(): Promise<{ database: TestDatabase; url: string }> {
  const created = await createDatabase({ empty: true });
  const name = new URL(created.ownerUrl).pathname.slice(1);
  await executeSql(created.ownerUrl, `alter database ${name} owner to ${ROLE}`);
  return { database: created, url: Object.assign(new URL(created.ownerUrl), { username: ROLE, password: 'secret' }).href };
}

beforeAll(async () => {
  await executeSql(process.env['PIKAIA_TEST_SERVER']!, `create role ${ROLE} login password 'secret'`);
  ({ database, url } = await ownDatabase());
  await migrate({ url, migrations, roles: 'single' });
  await executeSql(url, SHOP_TABLES);
});
afterEach(async () => {
  await app?.close();
  app = undefined;
});
afterAll(async () => {
  await database.drop();
  await executeSql(process.env['PIKAIA_TEST_SERVER']!, `drop role ${ROLE}`);
});

@Controller('orders')
class Orders {
  constructor(private readonly shop: Shop) {}

  @Post()
  async place(@Body() { customer }: { customer: string }): Promise<{ id: string }> {
    const { id } = await context.run({ actor: { type: 'user', id: 'u1' }, organizationId: 'o1' }, () =>
      this.shop.place(customer),
    );
    return { id };
  }

  @Post('later')
  placeLater(): void {}

  @Post('never')
  @NotAudited('Nothing is placed.')
  placeNever(): void {}
}

interface StartOptions extends ExistingDataSourceOptions {
  readonly undeclared?: 'warn' | 'refuse';
  readonly controllers?: Type[];
  readonly as?: string;
}

async function start({ undeclared, controllers = [], as = url, ...options }: StartOptions): Promise<INestApplication> {
  @Module({
    imports: [
      ClsModule.forRoot({ global: true }),
      LoggingModule.forRoot(),
      shopDataSource(as),
      DatabaseModule.forExisting(options),
      EventsModule.forRoot(),
      AuditModule.forRoot({ cursorKey: 'a key of the specs, 32 characters', ...(undeclared && { undeclared }) }),
      shopModule(),
    ],
    controllers,
  })
  class Application {}
  app = await NestFactory.create(Application, new FastifyAdapter(), { abortOnError: false });
  return app.init();
}

describe("an application with roles: 'single'", () => {
  it('writes and reads orders, events and audit entries as one role that owns all tables, and says once what that does not protect', async () => {
    using logs = captureLogs();
    await start({ roles: 'single', undeclared: 'warn', controllers: [Orders] });
    await app!.listen(0, '127.0.0.1');
    const placed = await fetch(`${await app!.getUrl()}/orders`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ customer: 'single' }),
    });
    expect(placed.status).toBe(201);
    const { id } = (await placed.json()) as { id: string };
    const page = await app!.get(AuditLog).find({ limit: 5, scope: { organization: 'o1' } });
    expect(page.data).toMatchObject([{ action: 'shop_order.placed', aggregate_id: id }]);
    expect((await app!.get(AuditLog).find({ limit: 5, scope: { operator: true } })).data).toHaveLength(1);
    expect((await app!.get(AuditLog).find({ limit: 5, scope: { organization: 'o2' } })).data).toEqual([]);
    const warned = logs.records.filter(({ event }) => event === 'database_single_role');
    expect(warned).toEqual([
      expect.objectContaining({ level: 'WARNING', hint: expect.stringMatching(/append-only.*row-level security/) }),
    ]);
    expect(logs.records.filter(({ event }) => event === 'audit_declarations_missing')).toEqual([
      expect.objectContaining({ level: 'WARNING', routes: ['Orders.place (POST)', 'Orders.placeLater (POST)'] }),
    ]);
  });

  it('still refuses a mutating route without a declaration by default', async () => {
    await expect(start({ roles: 'single', controllers: [Orders] })).rejects.toMatchObject({
      code: 'PIKAIA_AUDIT_DECLARATION_MISSING',
      message: expect.stringContaining("undeclared: 'warn'"),
    });
  });

  it('leaves the functions of the application executable for other roles', async () => {
    const [row] = await withConnection(url, async (client) => {
      await client.query('create function shop_total() returns int language sql return 1');
      return (
        await client.query<{ open: boolean }>(`select has_function_privilege('pikaia_api', 'shop_total()', 'execute') as open`)
      ).rows;
    });
    expect(row).toEqual({ open: true });
  });

  it('starts in production only with singleRoleInProduction', async () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      await expect(start({ roles: 'single' })).rejects.toMatchObject({
        code: 'PIKAIA_DATABASE_SINGLE_ROLE',
        message: expect.stringContaining('singleRoleInProduction: true'),
      });
      await expect(start({ roles: 'single', singleRoleInProduction: true })).resolves.toBeDefined();
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  it('is refused without the option, and the error names it', async () => {
    await expect(start({})).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_ROLE_TOO_POWERFUL',
      message: expect.stringContaining("roles: 'single'"),
    });
  });
});

describe('a database that is not prepared', () => {
  it('keeps an application from starting, and the error names the migrations that are missing', async () => {
    const empty = await ownDatabase();
    await expect(start({ roles: 'single', as: empty.url })).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_NOT_MIGRATED',
      message: expect.stringMatching(
        /^The database "test_\w+" lacks (outbox\.outbox_log|audit\.record).*(outbox|audit)Migrations\('single'\) to migrate\({ …, roles: 'single' }\)/,
      ),
    });
    await empty.database.drop();
  });

  it('keeps an application from starting if its newest migration has not run', async () => {
    const older = await ownDatabase();
    const all = outboxMigrations('single');
    await migrate({ url: older.url, migrations: [...all.slice(0, -1), ...auditMigrations('single')], roles: 'single' });
    const refusal = { code: 'PIKAIA_DATABASE_NOT_MIGRATED', message: expect.stringContaining('lacks outbox.outbox_worker. Run') };
    await expect(start({ roles: 'single', as: older.url })).rejects.toMatchObject(refusal);
    await older.database.drop();
  });

  it('is refused by migrate() of an owner that may not create roles, and the error says what a superuser grants', async () => {
    const empty = await ownDatabase();
    await expect(migrate({ url: empty.url, migrations: [] })).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_OWNER_LACKS_RIGHTS',
      message: expect.stringContaining(`lacks: CREATEROLE. As a superuser, run: alter role ${ROLE} createrole. To begin without`),
    });
    await empty.database.drop();
  });

  it('is refused by migrate() if the roles belong to another installation, and the error offers both ways out', async () => {
    const other = `${ROLE}_creator`;
    const server = process.env['PIKAIA_TEST_SERVER']!;
    await executeSql(server, `create role ${other} login password 'secret' createrole`);
    const empty = await createDatabase({ empty: true });
    const name = new URL(empty.ownerUrl).pathname.slice(1);
    await executeSql(empty.ownerUrl, `alter database ${name} owner to ${other}`);
    const as = Object.assign(new URL(empty.ownerUrl), { username: other, password: 'secret' }).href;
    await expect(migrate({ url: as, migrations: [] })).rejects.toMatchObject({
      code: 'PIKAIA_DATABASE_ROLES_FOREIGN',
      message: expect.stringMatching(
        /pikaia_api.* belong to another installation.*Pass other names for this installation.*grant pikaia_audit_owner to \w+ with admin option/,
      ),
    });
    await empty.drop();
    await executeSql(server, `drop role ${other}`);
  });
});
