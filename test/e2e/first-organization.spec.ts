import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type pg from 'pg';
import { startPostgres, type PostgresServer } from '../../scripts/postgres.ts';
import { connect } from '../support/database/database.js';
import { CHILD_ENVIRONMENT } from '../support/jest/child.environment.js';
import { ServiceProcess, type LogLine } from '../support/system/service.process.js';
import { SessionProvider } from '../support/http/session-provider.js';

const root = resolve(__dirname, '../..');
const TEST_TIMEOUT_MS = 240_000;
const ORGANIZATION = ['--name', 'Acme', '--slug', 'acme', '--provider-id', 'organization-live-1'];
const ADMIN = ['--admin-email', 'Alice@acme.example', '--admin-name', 'Alice Adams', '--admin-provider-id', 'member-live-1'];
const OPERATOR = ['--operator-email', 'olga@example.com', '--operator-provider-id', 'member-live-9'];
const ALL_OPTIONS = [...ORGANIZATION, ...ADMIN, ...OPERATOR];
const PASSWORDS = { API_DATABASE_PASSWORD: 'the api@/?#%', WORKER_DATABASE_PASSWORD: "the worker's" };

/** Runs the commands of the deployed image on an empty server: migrate, create the first organization, sign in. */
describe('the first organization of a new system', () => {
  let directory: string;
  let server: PostgresServer;
  let owner: pg.Client;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pikaia-first-'));
    chmodSync(directory, 0o711); // the server can run as another user
    server = await startPostgres(join(directory, 'data'), { settings: ['fsync=off'] });
    owner = await connect(server.url);
  }, TEST_TIMEOUT_MS);
  afterAll(async () => {
    await owner.end();
    await server.stop();
    rmSync(directory, { recursive: true, force: true }); // only the folder from mkdtemp
  });

  const address = (user: string, password: string): NodeJS.ProcessEnv => ({
    DATABASE_HOST: '127.0.0.1',
    DATABASE_PORT: String(server.port),
    DATABASE_NAME: new URL(server.url).pathname.slice(1),
    DATABASE_USER: user,
    DATABASE_PASSWORD: password,
    DATABASE_TLS: 'off',
  });
  const asOwner = () => {
    const { username, password } = new URL(server.url);
    return address(decodeURIComponent(username), decodeURIComponent(password));
  };
  const asApi = () => address('pikaia_api', PASSWORDS.API_DATABASE_PASSWORD);

  function run(program: string, environment: NodeJS.ProcessEnv, options: readonly string[] = []) {
    const env = { ...CHILD_ENVIRONMENT, NODE_ENV: 'production', ...environment };
    return new Promise<{ status: number; lines: LogLine[] }>((done) =>
      execFile(process.execPath, [join(root, 'apps/api/dist', program), ...options], { env }, (error, stdout, stderr) =>
        done({
          status: error ? Number(error.code) : 0,
          lines: `${stdout}${stderr}`
            .split('\n')
            .filter(Boolean)
            .map((line) => JSON.parse(line) as LogLine),
        }),
      ),
    );
  }
  const entries = async () =>
    (
      await owner.query(
        "select action, actor_id, organization_id = 'platform' as platform from events_auditlog order by created_at, id",
      )
    ).rows as unknown[];

  it(
    'requires the migration task, which can run again and then renews the passwords',
    async () => {
      const first = await run('migrate.js', { ...asOwner(), ...PASSWORDS, API_DATABASE_PASSWORD: 'an older one' });
      expect(first).toMatchObject({
        status: 0,
        lines: [{ event: 'database_migrated', roles: expect.arrayContaining(['pikaia_api']) }],
      });
      const again = await run('migrate.js', { ...asOwner(), ...PASSWORDS });
      expect(again).toMatchObject({ status: 0, lines: [{ event: 'database_migrated', migrations: [], roles: [] }] });
      const half = await run('migrate.js', { ...asOwner(), API_DATABASE_PASSWORD: 'alone is not enough' });
      expect(half).toMatchObject({ status: 1, lines: [{ event: 'startup_failed', 'error.code': 'PIKAIA_SETTINGS_INVALID' }] });
      expect(JSON.stringify(half.lines)).not.toContain('alone is not enough');
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'is created once with an admin, an operator, their events and audit entries, even by repeated and concurrent runs',
    async () => {
      const runs = await Promise.all([
        run('first-organization.js', asApi(), ALL_OPTIONS),
        run('first-organization.js', asApi(), ALL_OPTIONS),
      ]);
      runs.push(await run('first-organization.js', asApi(), ALL_OPTIONS));
      expect(runs.map(({ status }) => status)).toEqual([0, 0, 0]);
      const made = runs.map(({ lines }) => lines.find(({ event }) => event === 'first_organization_ready')!['made']);
      expect(made.flat().toSorted()).toEqual(['admin', 'operator', 'organization']);
      const actor = { actor_id: 'first-organization' };
      expect(await entries()).toEqual([
        { action: 'operator.appointed', platform: true, ...actor },
        { action: 'organization.created', platform: false, ...actor },
        { action: 'member.joined', platform: false, ...actor },
      ]);
      const events = await owner.query('select event_type from outbox.outbox_log order by position');
      expect(events.rows).toEqual([{ event_type: 'organization.created' }, { event_type: 'member.joined' }]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'stores address and name with the membership as they were typed, and replaces an operator name that an organization typed',
    async () => {
      const typed = await owner.query(
        'select m.email, m.name, u.email_key, u.name as user_name from organizations_member m join organizations_user u on u.id = m.user_id',
      );
      expect(typed.rows).toEqual([
        { email: 'Alice@acme.example', name: 'Alice Adams', email_key: 'alice@acme.example', user_name: null },
      ]);
      await owner.query(
        "insert into organizations_user (id, email, name) values (gen_random_uuid(), 'Otto@Example.com', 'Typed by an organization')",
      );
      const otto = [
        '--operator-email',
        'otto@example.com',
        '--operator-name',
        'Otto Ohm',
        '--operator-provider-id',
        'member-live-8',
      ];
      for (const name of ['Otto Ohm', 'Another']) {
        expect(await run('first-organization.js', asApi(), [...ORGANIZATION, ...ADMIN, ...otto.with(3, name)])).toMatchObject({
          status: 0,
        });
      }
      const operators = await owner.query(
        "select email_key, name, operator from organizations_user where provider_id = 'member-live-8'",
      );
      expect(operators.rows).toEqual([{ email_key: 'otto@example.com', name: 'Otto Ohm', operator: true }]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'does not publish member.joined again if a later run names an admin who had no name',
    async () => {
      const organization = ['--name', 'Nameless', '--slug', 'nameless', '--provider-id', 'organization-live-3'];
      const admin = ['--admin-email', 'nina@example.com', '--admin-provider-id', 'member-live-3'];
      const runs = [
        await run('first-organization.js', asApi(), [...organization, ...admin]),
        await run('first-organization.js', asApi(), [...organization, ...admin, '--admin-name', 'Nina']),
      ];
      expect(runs.map(({ status }) => status)).toEqual([0, 0]);
      const events = await owner.query(
        "select event_type from outbox.outbox_log where aggregate_id::uuid in (select id from organizations_member where email = 'nina@example.com')",
      );
      expect(events.rows).toEqual([{ event_type: 'member.joined' }]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'appoints a viewer, who is promoted by naming them as operator, and refuses to make an operator a viewer',
    async () => {
      const viewer = ['--viewer-email', 'vera@example.com', '--viewer-provider-id', 'member-live-7', '--viewer-name', 'Vera'];
      const asOperator = viewer.map((option) => option.replace('--viewer', '--operator'));
      const roles = async () =>
        (await owner.query("select name, operator, viewer from organizations_user where provider_id = 'member-live-7'")).rows;
      const runs = [];
      for (const typed of [viewer, viewer])
        runs.push(await run('first-organization.js', asApi(), [...ORGANIZATION, ...ADMIN, ...typed]));
      expect(runs.map(({ status }) => status)).toEqual([0, 0]);
      expect(await roles()).toEqual([{ name: 'Vera', operator: false, viewer: true }]);
      expect(await run('first-organization.js', asApi(), [...ORGANIZATION, ...ADMIN, ...asOperator])).toMatchObject({
        status: 0,
      });
      expect(await roles()).toEqual([{ name: 'Vera', operator: true, viewer: false }]);
      expect(await run('first-organization.js', asApi(), [...ORGANIZATION, ...ADMIN, ...viewer])).toMatchObject({
        status: 1,
        lines: [{ 'error.code': 'PIKAIA_FIRST_ORGANIZATION_CONFLICT' }],
      });
      const appointed = (await entries()).filter((entry) => JSON.stringify(entry).includes('appointed'));
      expect(appointed.slice(-2)).toMatchObject([{ action: 'viewer.appointed' }, { action: 'operator.appointed' }]);
      expect(await roles()).toEqual([{ name: 'Vera', operator: true, viewer: false }]);
    },
    TEST_TIMEOUT_MS,
  );

  it.each([
    ['another id of the organization', [...ORGANIZATION.slice(0, -1), 'organization-live-2', ...ADMIN]],
    ['another id of the admin', [...ORGANIZATION, ...ADMIN.slice(0, -1), 'member-live-2']],
  ])(
    'is refused with %s, and nothing changes',
    async (_, typed) => {
      const before = await entries();
      const { status, lines } = await run('first-organization.js', asApi(), typed);
      expect({ status, lines }).toMatchObject({
        status: 1,
        lines: [{ event: 'startup_failed', 'error.code': 'PIKAIA_FIRST_ORGANIZATION_CONFLICT' }],
      });
      expect(await entries()).toEqual(before);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'works with the api: the admin invites a person and the operator manages the outbox',
    async () => {
      const provider = await SessionProvider.start();
      const api = await ServiceProcess.start('api', {
        ...asApi(),
        NODE_ENV: 'production',
        PORT: '0',
        CURSOR_SECRET: 'a secret of the tests, long enough for it',
        INVITATION_SECRET: 'a secret of the tests, long enough for it',
        WEBHOOK_SECRET_KEYS: 'a key of the tests that is long enough',
        SESSION_JWKS_URL: provider.jwksUrl,
        SESSION_ISSUER: provider.issuer,
        SESSION_AUDIENCE: provider.audience,
        SESSION_OPERATOR_ORGANIZATION: 'organization-live-operators',
      });
      const ask = async (subject: string, organization: string, path: string, body?: object) =>
        fetch(`http://127.0.0.1:${api.port}/api/v1${path}`, {
          method: body ? 'POST' : 'GET',
          headers: {
            authorization: `Bearer ${await provider.sign(subject, { organization })}`,
            ...(body && { 'content-type': 'application/json' }),
          },
          ...(body && { body: JSON.stringify(body) }),
        });
      try {
        const guest = { email: 'bob@acme.example', role: 'member' };
        expect((await ask('member-live-1', 'organization-live-1', '/members/invitations', guest)).status).toBe(201);
        expect((await ask('member-live-9', 'organization-live-operators', '/admin/outbox')).status).toBe(200);
        expect((await ask('member-live-1', 'organization-live-1', '/admin/outbox')).status).toBe(403);
      } finally {
        await api.stop();
        await provider.stop();
      }
    },
    TEST_TIMEOUT_MS,
  );
});
