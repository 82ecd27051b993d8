import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeSettings, Setting, type SettingDescription, type SettingsClass } from '@pikaia/core';
import { DatabaseSettings } from '@pikaia/database';
import { EventBridgeSettings, LogSinkSettings, OutboxSettings } from '@pikaia/events';
import { LoggingSettings } from '@pikaia/logging';
import { NotificationSettings } from '@pikaia/notifications';
import { CONSUMERS } from '@pikaia/reactions';
import { WebhookRetentionSettings, WebhookSendingSettings } from '@pikaia/webhooks';
import { API_SETTINGS } from '../../apps/api/src/api.settings.js';
import { MigrationSettings } from '../../apps/api/src/database/migration.settings.js';
import { ConsumerSettings } from '../../apps/consumers/src/consumer.settings.js';
import { WorkerSettings } from '../../apps/outbox-worker/src/worker.settings.js';

/** The variables that `npm start` itself reads, besides those of its processes. */
class StartSettings {
  @Setting('API_DATABASE_URL', {
    about: "for npm start: the api's connection string, if the roles exist already",
    secret: true,
  })
  apiDatabaseUrl?: string;

  @Setting('WORKER_DATABASE_URL', {
    about: "for npm start: the worker's connection string, if the roles exist already",
    secret: true,
  })
  workerDatabaseUrl?: string;

  @Setting('SEED_WEEK', {
    about: 'on or off: whether npm start plays a week of life in a new embedded database; a later start never adds it',
    default: 'on',
  })
  seedWeek!: string;
}

const API_HEADINGS = [
  'api',
  'api: HTTP server',
  'api: session provider',
  'api: webhooks of the identity provider',
  'api: Stripe',
  'api and outbox-worker: webhook endpoints',
  'api: web console',
];

const CLASSES: readonly (readonly [heading: string, settings: SettingsClass])[] = [
  ['Logs: api and outbox-worker', LoggingSettings],
  [
    "Database: api and outbox-worker; for npm start, DATABASE_URL is the owner's, and no embedded server is started",
    DatabaseSettings,
  ],
  ['the migration task, which runs as the owner', MigrationSettings],
  ['npm start', StartSettings],
  ...API_SETTINGS.map((settings, index) => [API_HEADINGS[index]!, settings] as const),
  ['outbox-worker', WorkerSettings],
  ['outbox-worker: webhook endpoints', WebhookSendingSettings],
  ['outbox-worker: webhook deliveries', WebhookRetentionSettings],
  ['outbox-worker: the relay', OutboxSettings],
  ['outbox-worker: the sink log', LogSinkSettings],
  ['outbox-worker: Amazon EventBridge', EventBridgeSettings],
  ['outbox-worker and welcome-email as a Lambda: notifications', NotificationSettings],
  ['consumers as Lambdas', ConsumerSettings],
];

/** Generates the file from the classes: each setting once, where it first appears. Optional settings are commented out. */
function environmentExample(classes: typeof CLASSES): string {
  const known = new Set<string>();
  const sections = classes.map(([heading, settings]) => {
    const own = describeSettings(settings).filter(({ variable }) => !known.has(variable));
    for (const { variable } of own) known.add(variable);
    return [`## ${heading}`, ...own.map(lineOf)].join('\n\n');
  });
  return (
    ['# All settings, with units and defaults. Empty text counts as absent. npm start needs none of them.', ...sections, '']
      .join('\n\n')
      .trimEnd() + '\n'
  );
}

const lineOf = ({ variable, about, default: fallback, secret }: SettingDescription): string =>
  `# ${about}${secret ? ' (secret)' : ''}\n# ${variable}=${fallback ?? ''}`;

describe('.env.example', () => {
  it('lists every setting of the settings classes with its unit and default', () => {
    const written = readFileSync(join(__dirname, '../../.env.example'), 'utf8');
    expect(written).toBe(environmentExample(CLASSES));
  });

  it('lists the settings of every declared consumer', () => {
    const listed = CLASSES.flatMap(([, settings]) => describeSettings(settings)).map(({ variable }) => variable);
    const read = CONSUMERS.flatMap(({ settings }) => describeSettings(settings)).map(({ variable }) => variable);
    expect(read).toContain('MAIL_TRANSPORT');
    expect(read.filter((variable) => !listed.includes(variable))).toEqual([]);
  });

  it('the check reports a setting that the file lacks', () => {
    class Planted {
      @Setting('PLANTED', { about: 'planted', default: '1' })
      planted!: string;
    }
    const written = readFileSync(join(__dirname, '../../.env.example'), 'utf8');
    expect(environmentExample([...CLASSES, ['planted', Planted]])).not.toBe(written);
  });
});
