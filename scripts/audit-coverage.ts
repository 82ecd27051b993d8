// npm run audit:coverage: lists what each mutating route, consumer and command records in the audit log, and checks it.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './start/build.ts';
import { parseCommandLine, runScript } from './start/command-line.ts';
import { root } from './start/folders.ts';

const DOCUMENT = 'docs/audit-actions.md';
const USAGE = `npm run audit:coverage [-- --write]

Lists what each mutating route, consumer and command of the example records in the audit log. Exit status 1: a route declares nothing,
an action is never recorded, or ${DOCUMENT} is not current.

  --write   writes ${DOCUMENT}`;

await runScript(USAGE, async (args) => {
  const { write } = parseCommandLine({ args, options: { write: { type: 'boolean', default: false } } }).values;
  await build();
  const coverage = await readExample();
  const { coverageDocument, coverageText } = await import('./audit-coverage/document.ts');
  const { problemsOf } = await import('./audit-coverage/problems.ts');
  console.log(coverageText(coverage));
  const problems = problemsOf(coverage, readSources());
  const path = join(root, DOCUMENT);
  const document = coverageDocument(coverage);
  if (write) writeFileSync(path, document);
  else if (readFileSync(path, 'utf8') !== document)
    problems.push(`${DOCUMENT} is not current. Run npm run audit:coverage -- --write, and commit the file.`);
  for (const problem of problems) console.error(problem);
  return problems.length ? 1 : 0;
});

async function readExample() {
  process.env['LOG_LEVEL'] ??= 'error'; // TypeORM's module warns about a second data source
  const { loadSettings } = await import('@pikaia/core');
  const { DatabaseSettings } = await import('@pikaia/database');
  const { EventBridgeSettings, LogSinkSettings, OutboxSettings } = await import('@pikaia/events');
  const { WebhookRetentionSettings, WebhookSendingSettings } = await import('@pikaia/webhooks');
  const { WorkerSettings } = await import('../apps/outbox-worker/dist/worker.settings.js');
  const { CONSUMERS } = await import('@pikaia/reactions');
  const { API_SETTINGS } = await import('../apps/api/dist/api.settings.js');
  const { AppModule } = await import('../apps/api/dist/app.module.js');
  const { WorkerModule } = await import('../apps/outbox-worker/dist/worker.module.js');
  const { FirstOrganizationModule } = await import('../apps/api/dist/first-organization/first-organization.module.js');
  const { routePath } = await import('../apps/api/dist/server/api-prefix.js');
  const { readCoverage } = await import('./audit-coverage/coverage.ts');
  const [database, ...api] = loadSettings([DatabaseSettings, ...API_SETTINGS], { DATABASE_URL: 'postgres://api@localhost/none' });
  const [worker, outbox, log, eventBridge, webhooks, webhookRetention, ...consumers] = loadSettings(
    [
      WorkerSettings,
      OutboxSettings,
      LogSinkSettings,
      EventBridgeSettings,
      WebhookSendingSettings,
      WebhookRetentionSettings,
      ...CONSUMERS.map(({ settings }) => settings),
    ],
    { INVITATION_SECRET: 'x'.repeat(32) },
  );
  const module = AppModule.forRoot({ logging: {}, api, database });
  const workerModule = WorkerModule.forRoot({
    logging: {},
    worker,
    database,
    outbox,
    log,
    eventBridge,
    webhooks,
    webhookRetention,
    consumers,
  });
  return readCoverage({
    api: module,
    routePath,
    consumers: CONSUMERS.map(({ consumer }) => consumer),
    worker: workerModule,
    commands: { 'first-organization': FirstOrganizationModule.forRoot(database) },
  });
}

/** The sources of apps and libraries, without specs. */
function readSources() {
  const paths = globSync('{apps,libs}/*/src/**/*.ts', { cwd: root }).filter((path) => !path.endsWith('.spec.ts'));
  return paths.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}
