// npm run bench:consumers: measures the cold start of each consumer's Lambda on this machine, until its first handled event.
// Each run is a new process; all use a separate PostgreSQL. On a busy machine only the CPU time is meaningful. The overhead of
// Lambda itself (its sandbox, the network) is not included.
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrateSchema } from '../apps/api/dist/database/schema.js';
import { startPostgres } from '../scripts/postgres.ts';
import { root } from '../scripts/start/folders.ts';

const RUNS = Number(process.env.RUNS ?? 15);
const CONSUMERS = [{ name: 'welcome-email', event: invited }];
const SECRET = 'a secret of the benchmark, long enough';

const directory = mkdtempSync(join(tmpdir(), 'pikaia-bench-'));
chmodSync(directory, 0o711); // the server can run as another account
const server = await startPostgres(join(directory, 'data'));
try {
  await migrateSchema(server.url, { api: 'benchmark', worker: 'benchmark' });
  const url = Object.assign(new URL(server.url), { username: 'pikaia_worker', password: 'benchmark' }).href;
  console.log(
    `node ${process.version}, ${cpus().length} × ${cpus()[0].model.trim()}, load ${loadavg()[0].toFixed(1)}, ${RUNS} runs; milliseconds: median (best … worst)`,
  );
  for (const { name, event } of CONSUMERS) {
    const bundle = join(root, 'apps/consumers/dist', name, 'index.mjs');
    const runs = [];
    for (let run = 0; run < RUNS; run++) runs.push(await coldStart(bundle, url, event()));
    console.log(`${name}  ${(statSync(bundle).size / 1024 / 1024).toFixed(2)} MiB`);
    console.log(`  initialized (code, Nest, database)   ${summary(runs.map(({ started }) => started))}`);
    console.log(`  first event handled                  ${summary(runs.map(({ at }) => at))}`);
    console.log(`  of that, CPU time                    ${summary(runs.map(({ cpuMs }) => cpuMs))}`);
    console.log(`  second event, warm                   ${summary(runs.map(({ warm }) => warm))}`);
  }
} finally {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function coldStart(bundle, url, [first, second]) {
  const child = fork(join(root, 'test/support/aws/lambda.host.mjs'), [bundle], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      DATABASE_URL: url,
      INVITATION_SECRET: SECRET,
      MAIL_TRANSPORT: 'file',
      TMPDIR: directory,
      LOG_LEVEL: 'warning',
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [],
  });
  try {
    const [{ started }] = await once(child, 'message');
    const { at, cpuMs } = await invoke(child, first);
    const before = performance.now();
    await invoke(child, second);
    return { started, at, cpuMs, warm: performance.now() - before };
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

async function invoke(child, body) {
  child.send({ id: randomUUID(), batch: { Records: [{ messageId: randomUUID(), body: JSON.stringify(body) }] } });
  const [reply] = await once(child, 'message');
  if (reply.answer.batchItemFailures?.length !== 0) throw new Error(`The event was not handled: ${JSON.stringify(reply.answer)}`);
  return reply;
}

function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return `${sorted[sorted.length >> 1].toFixed(0)} (${sorted[0].toFixed(0)} … ${sorted.at(-1).toFixed(0)})`;
}

function invited() {
  return [0, 1].map(() => ({
    'detail-type': 'member.invited',
    detail: {
      event_id: randomUUID(),
      event_type: 'member.invited',
      schema_version: 1,
      occurred_at: new Date().toISOString(),
      aggregate_type: 'member',
      aggregate_id: randomUUID(),
      organization_id: randomUUID(),
      correlation_id: randomUUID(),
      actor: null,
      data: {
        email: 'frank@example.com',
        role: 'member',
        organization_name: 'Acme',
        invited_by: { id: '0198a0a0-0000-4000-8000-000000000001', email: 'alice@example.com' },
      },
      sequence: '1',
    },
  }));
}
