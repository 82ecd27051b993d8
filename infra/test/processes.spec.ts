import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeSettings, loadSettings } from '@pikaia/core';
import { DatabaseSettings } from '@pikaia/database';
import { EventBridgeSettings, LogSinkSettings, OutboxSettings } from '@pikaia/events';
import { LoggingSettings } from '@pikaia/logging';
import { CONSUMERS, consumersIn } from '@pikaia/reactions';
import { WebhookRetentionSettings, WebhookSendingSettings } from '@pikaia/webhooks';
// The settings classes of the built processes.
import { API_SETTINGS } from '../../apps/api/dist/api.settings.js';
import { MigrationSettings } from '../../apps/api/dist/database/migration.settings.js';
import { ConsumerSettings } from '../../apps/consumers/dist/consumer.settings.js';
import { WorkerSettings } from '../../apps/outbox-worker/dist/worker.settings.js';
import { versionOf } from '../src/app/image.ts';
import { SETTINGS } from '../src/settings/settings.ts';
import { resourcesOf, synthesize } from './support/synthesis.ts';

type SettingsClass = new () => object;

const PROCESSES: Readonly<Record<string, readonly SettingsClass[]>> = {
  'pikaia-api': [LoggingSettings, DatabaseSettings, ...API_SETTINGS],
  'pikaia-outbox-worker': [
    LoggingSettings,
    WorkerSettings,
    DatabaseSettings,
    OutboxSettings,
    LogSinkSettings,
    EventBridgeSettings,
    WebhookSendingSettings,
    WebhookRetentionSettings,
    ...CONSUMERS.map(({ settings }) => settings),
  ],
  'pikaia-migrations': [DatabaseSettings, MigrationSettings],
  'pikaia-operations': [DatabaseSettings],
  ...Object.fromEntries(
    consumersIn('lambda', CONSUMERS).map(({ name, settings }) => [
      `pikaia-${name}`,
      [LoggingSettings, ConsumerSettings, DatabaseSettings, settings],
    ]),
  ),
};
const OF_NODE = ['NODE_ENV', 'NODE_OPTIONS'];
const WEBHOOK_SECRETS = ['new', 'old']
  .map((name) => `whsec_${Buffer.from(`the ${name} secret of a webhook`).toString('base64')}`)
  .join();
const ARN = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:pikaia/x-1a2b3c';

/** The templates with all settings that a deployment needs. */
const { templates } = synthesize({
  session_jwks_url: 'https://sessions.example.com/jwks',
  session_issuer: 'sessions.example.com',
  session_audience: 'project-live-1',
  session_operator_organization: 'organization-live-9',
  cors_origins: 'https://app.example.com,https://admin.example.com',
  console: 'on',
  log_correlation_hosts: 'api.example.com,*.internal.example.com',
  stripe_credentials_arn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:stripe-1a2b3c',
  identity_credentials_arn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:identity-1a2b3c',
  identity_admin_roles: 'stytch_admin,owner',
});

/** The environment of each process. Values that are known only at deployment are replaced by examples. */
function environments(): Record<string, Record<string, string>> {
  const known = (name: string, value: unknown): string =>
    typeof value === 'string' ? value : name.endsWith('_ARN') ? ARN : 'made-up.example.com';
  const tasks = resourcesOf(templates.PikaiaApp, 'AWS::ECS::TaskDefinition').map(({ Properties }) => {
    const [container] = Properties['ContainerDefinitions'] as {
      Environment: { Name: string; Value: unknown }[];
      Secrets: { Name: string }[];
    }[];
    const values = container!.Environment.map(({ Name, Value }) => [Name, known(Name, Value)]);
    const secrets = container!.Secrets.map(({ Name }) => [
      Name,
      Name.endsWith('_WEBHOOK_SECRETS') ? WEBHOOK_SECRETS : 'a secret of at least thirty-two characters',
    ]);
    return [Properties['Family'] as string, Object.fromEntries([...values, ...secrets]) as Record<string, string>] as const;
  });
  const functions = resourcesOf(templates.PikaiaEvents, 'AWS::Lambda::Function').map(({ Properties }) => {
    const { Variables } = Properties['Environment'] as { Variables: Record<string, unknown> };
    const values = Object.entries(Variables).map(([name, value]) => [name, known(name, value)]);
    return [Properties['FunctionName'] as string, Object.fromEntries(values) as Record<string, string>] as const;
  });
  return Object.fromEntries([...tasks, ...functions]);
}

describe('the environment of each process', () => {
  it('is tested for all processes', () => {
    assert.deepEqual(Object.keys(environments()).sort(), Object.keys(PROCESSES).sort());
  });

  for (const [name, classes] of Object.entries(PROCESSES)) {
    it(`of ${name} has all variables that the process requires, and none that it does not read`, () => {
      const environment = environments()[name]!;
      const read = new Set(classes.flatMap((one) => describeSettings(one).map(({ variable }) => variable)));
      assert.deepEqual(
        Object.keys(environment).filter((variable) => !read.has(variable) && !OF_NODE.includes(variable)),
        [],
      );
      // The certificate file is in the image. The function reads its secrets at start.
      const { DATABASE_TLS_CA_FILE: _, ...given } = environment;
      const fromSecrets = !('DATABASE_SECRET_ARN' in environment)
        ? {}
        : { DATABASE_USER: 'u', DATABASE_PASSWORD: 'p', INVITATION_SECRET: 'x'.repeat(32) };
      const before = process.env['NODE_ENV'];
      process.env['NODE_ENV'] = environment['NODE_ENV']; // so that settings that are required in production are required here
      try {
        assert.doesNotThrow(() => loadSettings(classes, { ...given, ...fromSecrets }));
        assert.throws(() => loadSettings(classes, {}), /is not set/);
      } finally {
        process.env['NODE_ENV'] = before;
      }
    });
  }

  it('of the api configures the session and identity provider', () => {
    const api = environments()['pikaia-api']!;
    assert.deepEqual(
      ['SESSION_JWKS_URL', 'SESSION_ISSUER', 'SESSION_AUDIENCE', 'SESSION_OPERATOR_ORGANIZATION', 'IDENTITY_ADMIN_ROLES'].map(
        (name) => api[name],
      ),
      [
        'https://sessions.example.com/jwks',
        'sessions.example.com',
        'project-live-1',
        'organization-live-9',
        'stytch_admin,owner',
      ],
    );
  });

  it('of the worker names the version of the image', () => {
    assert.equal(environments()['pikaia-outbox-worker']!['WORKER_VERSION'], '1.0.0');
    for (const [reference, version] of [
      ['host:5000/pikaia', undefined],
      ['host:5000/pikaia:7', '7'],
      ['host:5000/pikaia:7@sha256:0a1b', 'sha256:0a1b'],
      ['pikaia', undefined],
    ] as const)
      assert.equal(versionOf(reference), version);
  });

  it('of the api serves the console if the setting says so, and not by default', () => {
    assert.equal(environments()['pikaia-api']!['CONSOLE'], 'on');
    assert.equal(SETTINGS.services.console.default, 'off');
  });

  it('of the api has every secret that the process can read', () => {
    const secrets = PROCESSES['pikaia-api']!.flatMap((one) => describeSettings(one).filter(({ secret }) => secret));
    const environment = environments()['pikaia-api']!;
    assert.deepEqual(
      secrets.map(({ variable }) => variable).filter((variable) => !(variable in environment)),
      ['DATABASE_URL'], // host, user and password replace it
    );
  });

  it('of api and worker lists the hosts that get the correlation id', () => {
    for (const name of ['pikaia-api', 'pikaia-outbox-worker'])
      assert.equal(environments()[name]!['LOG_CORRELATION_HOSTS'], 'api.example.com,*.internal.example.com');
  });

  it('sets production mode, and verifies the certificate of the database', () => {
    for (const environment of Object.values(environments())) {
      assert.equal(environment['NODE_ENV'], 'production');
      assert.match(environment['DATABASE_TLS_CA_FILE']!, /^\/.+\.pem$/);
      assert.equal(environment['DATABASE_TLS'], undefined); // TLS is on by default
    }
  });
});
