import { auditMigrations } from '@pikaia/audit';
import { migrate } from '@pikaia/database';
import { Consumer, outboxMigrations } from '@pikaia/events';
import { createDatabase, executeSql } from '../support/database/database.js';
import { DoctorFixture, fine, found } from '../support/doctor/doctor.fixture.js';
import { useFixture } from '../support/jest/use-fixture.js';
import { EventBusStub } from '../support/aws/event-bus.stub.js';
import { insertEvent } from '../support/outbox/events.js';

const doctor = useFixture(new DoctorFixture());
const NEWEST = 'CreateWorkers1764700044001';

class CreateOrders1764000000001 {
  async up(): Promise<void> {}
  async down(): Promise<void> {}
}

describe('migrations', () => {
  it('pass if all have run, and the role of a process sees the tables', async () => {
    expect(await doctor.resultsOf('migrations')).toMatchObject([fine('ok', 'All 15 migrations have run')]);
    expect(await doctor.resultsOf('migrations', { DATABASE_URL: doctor.database.apiUrl })).toMatchObject([
      fine('ok', 'Only the owner may read which migrations have run'),
    ]);
  });

  it('fail if one has not run', async () => {
    await doctor.plant(`delete from migrations where name = '${NEWEST}'`);
    expect(await doctor.resultsOf('migrations')).toMatchObject([found('failed', `have not run: ${NEWEST}`, 'migrate()')]);
  });

  it('fail if a table is missing, also for the role of a process', async () => {
    await doctor.plant('drop table outbox.outbox_worker');
    const results = await doctor.resultsOf('migrations', { DATABASE_URL: doctor.database.workerUrl });
    expect(results).toMatchObject([found('failed', 'lacks outbox.outbox_worker', 'outboxMigrations()')]);
  });

  it('of the application count if a module exports them, and unknown ones are a warning', async () => {
    await doctor.plant(`insert into migrations (timestamp, name) values (1999999999999, 'Future1999999999999')`);
    expect(await doctor.resultsOf('migrations')).toMatchObject([fine('ok', 'All 15')]);
    expect(await doctor.resultsOf('migrations', {}, { exported: [CreateOrders1764000000001] })).toMatchObject([
      found('failed', 'have not run: CreateOrders1764000000001', 'migrate()'),
      found('warning', 'does not have them: Future1999999999999', 'rollback'),
    ]);
  });

  it('are found in a list with another name, beside the list of the application', async () => {
    await doctor.plant(`alter table migrations rename to "Our Migrations";
      create table migrations (id serial primary key, timestamp bigint, name text); insert into migrations values (1, 1, 'Mine1')`);
    expect(await doctor.resultsOf('migrations')).toMatchObject([fine('ok', 'All 15')]);
  });

  it('of which a role may read only a part of the lists are not reported as pending', async () => {
    await doctor.plant(`create table shop_migrations (id serial primary key, timestamp bigint, name text);
      insert into shop_migrations values (1, 1, 'CreateOrders1764000000001'); grant select on shop_migrations to pikaia_api`);
    const exported = [CreateOrders1764000000001];
    expect(await doctor.resultsOf('migrations', { DATABASE_URL: doctor.database.apiUrl }, { exported })).toMatchObject([
      fine('ok', 'Only the owner may read'),
    ]);
    expect(await doctor.resultsOf('migrations', {}, { exported })).toMatchObject([fine('ok', 'All 16')]);
  });

  it('that never ran are one failure, and nothing else fails', async () => {
    await doctor.use(createDatabase({ empty: true }));
    const { results } = await doctor.examine();
    expect(results.filter(({ status }) => status === 'failed')).toMatchObject([
      found('failed', 'no tables of @pikaia/events and @pikaia/audit', 'outboxMigrations() and auditMigrations()'),
    ]);
  });

  it.each([
    ['outbox', 'audit', () => outboxMigrations()],
    ['audit', 'outbox', () => auditMigrations()],
  ])('of the %s alone are enough', async (_used, unused, migrations) => {
    await doctor.use(createDatabase({ empty: true }));
    await migrate({ url: doctor.database.ownerUrl, migrations: migrations() });
    const { results } = await doctor.examine();
    expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(results).toContainEqual(expect.objectContaining(fine('skipped', `The database has no schema ${unused}`)));
  });
});

describe('roles', () => {
  it('a role of a process that owns a table fails', async () => {
    await doctor.plant('alter table outbox.outbox_attempt owner to pikaia_api');
    expect(await doctor.resultsOf('roles')).toMatchObject([found('failed', 'owner via pikaia_api', 'Take the attribute')]);
  });

  it('one role for everything is a warning', async () => {
    await doctor.use(createDatabase({ empty: true }));
    await migrate({
      url: doctor.database.ownerUrl,
      roles: 'single',
      migrations: [...outboxMigrations('single'), ...auditMigrations('single')],
    });
    await executeSql(
      doctor.database.ownerUrl,
      `do $$ begin execute format('alter database %I set synchronous_commit = off', current_database()); end $$`,
    );
    const { results } = await doctor.examine();
    expect(results).toContainEqual(
      expect.objectContaining({ check: 'durability', ...found('failed', 'off for this session', 'reset') }),
    );
    expect(results).toContainEqual(
      expect.objectContaining({ check: 'roles', ...found('warning', 'One database role', 'create the roles') }),
    );
  });

  it('a role without rights fails with one line, and sees what everyone may see', async () => {
    const role = `stranger_${process.pid}`;
    await executeSql(process.env['PIKAIA_TEST_SERVER']!, `create role ${role} login password 'secret'`);
    try {
      const url = Object.assign(new URL(doctor.database.ownerUrl), { username: role, password: 'secret' }).href;
      const { results } = await doctor.examine({ DATABASE_URL: url });
      expect(results.filter(({ status }) => status === 'failed')).toMatchObject([
        found('failed', `The role ${role} may not use the schema`, 'pikaia_api, pikaia_worker'),
      ]);
      expect(results).toContainEqual(expect.objectContaining(fine('skipped', 'permission denied')));
    } finally {
      await executeSql(process.env['PIKAIA_TEST_SERVER']!, `drop role ${role}`);
    }
  });
});

describe('grants', () => {
  it.each([
    [
      'revoke insert (payload) on outbox.outbox_log from pikaia_api',
      'outbox-grants',
      'grant insert (payload) on outbox.outbox_log to pikaia_api',
    ],
    [
      'revoke usage on sequence outbox.outbox_position from pikaia_worker',
      'outbox-grants',
      'grant usage on sequence outbox.outbox_position to pikaia_worker',
    ],
    ['revoke usage on schema outbox from pikaia_api', 'outbox-grants', 'grant usage on schema outbox to pikaia_api'],
    ['revoke insert (entry, id) on audit.record from pikaia_worker', 'audit-grants', 'on audit.record to pikaia_worker'],
  ])('after `%s`, the doctor says how to grant it', async (sql, check, cure) => {
    expect(await doctor.resultsOf(check)).toMatchObject([fine('ok', 'pikaia_api and pikaia_worker')]);
    await doctor.plant(sql);
    expect(await doctor.resultsOf(check)).toMatchObject([found('failed', 'lacks: ', cure)]);
    await doctor.plant(cure.startsWith('grant') ? cure : 'grant insert (entry, id) on audit.record to pikaia_worker');
    expect(await doctor.resultsOf(check)).toMatchObject([fine('ok', 'pikaia_api and pikaia_worker')]);
  });
});

it('a role of a process that may not read a table fails, and a role that only reads is no process', async () => {
  await doctor.plant('revoke select on outbox.outbox_sink from pikaia_worker');
  const results = await doctor.resultsOf('sinks', { DATABASE_URL: doctor.database.workerUrl });
  expect(results).toMatchObject([found('failed', 'permission denied for table outbox_sink', 'what the migrations grant')]);
  const role = `reports_${process.pid}`;
  await doctor.plant(
    `create role ${role} login; grant usage on schema outbox to ${role}; grant select on outbox.outbox_log to ${role}`,
  );
  try {
    expect(await doctor.resultsOf('outbox-grants')).toMatchObject([
      found('failed', 'pikaia_worker lacks: select on outbox.outbox_sink', 'grant select on outbox.outbox_sink to pikaia_worker'),
    ]);
  } finally {
    await doctor.plant(`drop owned by ${role}; drop role ${role}`);
  }
});

it('a database in which no process may write fails', async () => {
  await doctor.plant(`revoke all on all tables in schema audit from pikaia_api, pikaia_worker`);
  expect(await doctor.resultsOf('audit-grants')).toMatchObject([
    found('failed', 'No role of a process may write', 'Run the migrations'),
  ]);
});

describe('append-only', () => {
  it.each([
    ['grant update on audit.record to pikaia_api', 'may change the audit log: update on audit.record', 'revoke update'],
    ['grant update (action) on audit.record to pikaia_worker', 'update on audit.record', 'revoke update'],
    ['grant delete, truncate on audit.personal to public', 'truncate on audit.personal', 'revoke truncate'],
    [
      'alter table audit.record disable trigger refuse_row',
      'trigger refuse_row of audit.record',
      'enable always trigger refuse_row',
    ],
    ['alter table audit.personal enable trigger refuse_truncate', 'trigger refuse_truncate', 'enable always trigger'],
    ['alter table audit.record disable row level security', 'row-level security of audit.record', 'enable row level security'],
  ])('fails after `%s`', async (sql, detail, cure) => {
    await doctor.plant(`begin; set local audit.migrating = 'yes'; ${sql}; commit`);
    for (const url of [doctor.database.ownerUrl, doctor.database.apiUrl]) {
      const results = await doctor.resultsOf('append-only', { DATABASE_URL: url });
      expect(results.length).toBeGreaterThan(0);
      for (const result of results) expect(result).toMatchObject(found('failed', detail, cure));
    }
  });

  it.each(['owner', 'api', 'worker'] as const)('passes as %s, and the entries stay as they are', async (role) => {
    const owner = await doctor.connect();
    await owner.query(`insert into audit.personal values ('018f0000-0000-7000-8000-000000000001', 'u', 'o', sha256(''), '{}')`);
    const before = (await owner.query('select *, xmin from audit.personal')).rows;
    const results = await doctor.resultsOf('append-only', { DATABASE_URL: doctor.database[`${role}Url`] });
    expect(results).toMatchObject([fine('ok', 'the server refused update and delete as')]);
    expect((await owner.query('select *, xmin from audit.personal')).rows).toEqual(before);
  });
});

describe('sinks', () => {
  it('without a leader is a warning, and a failure once an event has waited for a minute', async () => {
    await doctor.register('shop');
    expect(await doctor.resultsOf('sinks')).toMatchObject([
      found('warning', 'No worker leads the sink shop; no event waits', 'Start the worker'),
    ]);
    await insertEvent(await doctor.connect(doctor.database.apiUrl));
    expect(await doctor.resultsOf('sinks')).toMatchObject([
      found('warning', 'its oldest event has waited 0 s', 'Start the worker'),
    ]);
    await doctor.plant(`update outbox.outbox_log set recorded_at = recorded_at - interval '2 minutes'`);
    expect(await doctor.resultsOf('sinks')).toMatchObject([
      found('failed', 'its oldest event has waited 12', 'Start the worker'),
    ]);
    await doctor.lead('shop');
    expect(await doctor.resultsOf('sinks')).toMatchObject([fine('ok', 'A worker leads each sink: shop')]);
  });

  it('whose leaders fail again and again fails, without the secret in the error', async () => {
    await doctor.register('shop');
    await doctor.plant(
      `update outbox.outbox_sink set leader_failing_since = now(), leader_error = 'Error: no disk, postgres://u:hunter2@h/d'`,
    );
    const results = await doctor.resultsOf('sinks');
    expect(results).toMatchObject([found('failed', 'no disk', 'log lines of the worker')]);
    expect(JSON.stringify(results)).not.toContain('hunter2');
  });

  it('that no worker has any more is a warning that says how to retire it', async () => {
    await doctor.register('old', 'new');
    await doctor.plant(`update outbox.outbox_progress set stored_at = now() - interval '3 minutes' where sink = 'old'`);
    await doctor.lead('new');
    expect(await doctor.resultsOf('sinks')).toMatchObject([found('warning', 'No worker has the sink old', 'retire old --yes')]);
  });

  it('that a session has locked is a failure of this check alone', async () => {
    const session = await doctor.connect();
    await session.query('begin; lock table outbox.outbox_sink');
    const { results } = await doctor.examine();
    expect(results.filter(({ status }) => status === 'failed').map(({ check }) => check)).toEqual(['sinks', 'consumers']);
    expect(results).toContainEqual(
      expect.objectContaining({ check: 'sinks', ...found('failed', 'lock timeout', 'pg_stat_activity') }),
    );
  });
});

describe('consumers', () => {
  @Consumer('invoices', { from: 'now' })
  class Invoices {}

  it('that are registered or declared and never ran are warnings', async () => {
    await doctor.register('local/billing');
    expect(await doctor.resultsOf('consumers', {}, { exported: [Invoices] })).toMatchObject([
      found('warning', 'billing is registered and never ran', 'EVENT_CONSUMERS'),
      found('warning', 'invoices is declared, and no worker has registered it', 'provider of the worker'),
    ]);
  });

  it('that a worker leads, that have a cursor, or that have a receipt have run', async () => {
    await doctor.register('local/billing', 'local/mail');
    await doctor.lead('local/billing');
    await doctor.plant(`
      insert into outbox.outbox_progress (sink, number, position, snapshot, worker) values ('local/mail', 1, 0, pg_current_snapshot(), 'w');
      insert into outbox.consumer_receipt (consumer, event_id, state, done_at) values ('invoices', gen_random_uuid(), 'done', now())`);
    expect(await doctor.resultsOf('consumers', {}, { exported: [Invoices] })).toMatchObject([
      fine('ok', 'billing, invoices, mail'),
    ]);
  });
});

describe('the event bus', () => {
  const configured = (url: string, name: string): NodeJS.ProcessEnv => ({
    EVENT_SINKS: 'local, eventbridge',
    EVENT_BUS_NAME: name,
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: url,
  });

  it('is found if it exists, and fails if it does not exist or cannot be reached', async () => {
    process.env['AWS_ACCESS_KEY_ID'] ??= 'test';
    process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test';
    const bus = await EventBusStub.start({ buses: ['shop'] });
    expect(await doctor.resultsOf('event-bus', configured(bus.url, 'shop'))).toMatchObject([fine('ok', 'event bus shop exists')]);
    expect(await doctor.resultsOf('event-bus', configured(bus.url, 'absent'))).toMatchObject([
      found('failed', 'event bus absent does not exist', 'EVENT_BUS_NAME'),
    ]);
    const { url } = bus;
    await bus.stop();
    expect(await doctor.resultsOf('event-bus', configured(url, 'shop'))).toMatchObject([
      found('failed', 'cannot be reached', 'events:DescribeEventBus'),
    ]);
  });

  it('fails without a name, and is skipped if no sink needs it', async () => {
    expect(await doctor.resultsOf('event-bus', { EVENT_SINKS: 'eventbridge' })).toMatchObject([
      found('failed', 'set EVENT_BUS_NAME', 'docs/eventbridge.md'),
    ]);
    const invalid = await doctor.resultsOf('event-bus', {
      EVENT_SINKS: 'eventbridge',
      AWS_REGION: 'Frankfurt',
      EVENT_BUS_MAX_BYTES: '1',
    });
    expect(invalid).toMatchObject([found('failed', 'AWS_REGION', 'docs/eventbridge.md')]);
    expect(invalid[0]!.detail).not.toContain('\n');
    expect(await doctor.resultsOf('event-bus', { EVENT_SINKS: 'local' })).toMatchObject([fine('skipped', 'Not configured')]);
  });
});
