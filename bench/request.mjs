// npm run bench:request: measures what logs, events and audit entries add to a request, as an invitation to the reference
// system's API with some of them switched off. README.md explains the result.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { BenchServer, query } from './database.mjs';
import { allocatedBytes, median, ratio, round } from './figures.mjs';
import { startProgram } from './program.mjs';
import { writeResult } from './result.mjs';
import { VARIANTS } from './request/variants.mjs';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 2);
const CONNECTIONS = (process.env['BENCH_CONNECTIONS'] ?? '1,4,16').split(',').map(Number);
const ORGANIZATIONS = (process.env['BENCH_ORGANIZATIONS'] ?? '1,100').split(',').map(Number);
const RELAY = (process.env['BENCH_RELAY'] ?? 'stopped,running').split(',');
const WARM_UP_SECONDS = Number(process.env['BENCH_WARM_UP_SECONDS'] ?? 12); // so that the compiler is finished; the measured seconds are few
const COUNTED_REQUESTS = 500;
const PROJECT = 'project-bench';
const ISSUER = `stytch.com/${PROJECT}`;
const NAMES = Object.keys(VARIANTS);

const server = await BenchServer.start();
const provider = await startProvider();
try {
  report(await compare(), await server.version());
} finally {
  provider.close();
  await server.stop();
}

/** Alternates the variants, each in its own process, so that a machine that becomes slower affects all of them. */
async function compare() {
  const { owner, api, worker } = await server.createOutbox();
  const admins = await createOrganizations(owner, Math.max(...ORGANIZATIONS));
  const tokens = await Promise.all(admins.map((admin) => provider.sign(admin)));
  const generator = startProgram('request/load.mjs');
  const settings = { api, jwksUrl: provider.url, issuer: ISSUER, audience: PROJECT, connections: Math.max(...CONNECTIONS) };
  const services = {};
  for (const name of NAMES) services[name] = await startService(name, settings);
  const load = (name, options) => generator.ask({ port: services[name].port, tokens, ...options });

  const counted = {};
  for (const name of NAMES) {
    await load(name, { seconds: WARM_UP_SECONDS, connections: Math.max(...CONNECTIONS) });
    counted[name] = await count(services[name], () => load(name, { requests: COUNTED_REQUESTS, connections: 1 }));
  }
  await query(owner, 'vacuum analyze');

  const cells = [];
  for (const relay of RELAY) {
    const program = relay === 'running' ? await startRelay(worker) : undefined;
    for (const organizations of ORGANIZATIONS) {
      for (const connections of CONNECTIONS) {
        const runs = Object.fromEntries(NAMES.map((name) => [name, []]));
        for (let turn = 1; turn <= ROUNDS; turn++) {
          for (const name of NAMES) {
            const options = { tokens: tokens.slice(0, organizations), seconds: SECONDS, connections };
            runs[name].push(await measure(owner, services[name], () => load(name, options)));
          }
        }
        cells.push({ relay, organizations, connections, runs });
        const rates = NAMES.map((name) => `${name} ${Math.round(median(runs[name].map(({ rate }) => rate)))}`).join(', ');
        console.error(`relay ${relay}, ${organizations} organizations, ${connections} connections: ${rates} requests/s`);
      }
    }
    await program?.end();
  }
  await Promise.all([...Object.values(services).map((service) => service.end()), generator.end()]);
  for (const name of NAMES) counted[name].allocatedBytes = await allocations(name, settings, tokens);
  return { cells, counted };
}

async function measure(owner, service, work) {
  const before = await service.ask('usage');
  const { result, usage } = await server.measure(owner, work);
  const after = await service.ask('usage');
  return {
    rate: result.rate,
    p50: result.p50,
    p99: result.p99,
    apiCpu: (after.cpuMicroseconds - before.cpuMicroseconds) / result.requests,
    databaseCpu: usage.cpuMicroseconds / result.requests,
    walBytes: usage.walBytes / result.requests,
  };
}

/** Counts statements and the time under the lock, in the same process but outside the rounds, because counting takes time. */
async function count(service, work) {
  await service.ask('count');
  const { requests } = await work();
  const { statements, roundTrips, lockedMs } = await service.ask('counted');
  return { statements: statements / requests, roundTrips: roundTrips / requests, lockedMs: median(lockedMs) };
}

/** Uses a separate process, because the trace of the garbage collector costs time. */
async function allocations(name, settings, tokens) {
  const service = await startService(name, settings, ['--trace-gc']);
  const generator = startProgram('request/load.mjs');
  const { requests } = await generator.ask({ port: service.port, tokens, seconds: WARM_UP_SECONDS, connections: 4 });
  await Promise.all([service.end(), generator.end()]);
  return Math.round(allocatedBytes(service.output()) / requests);
}

async function startService(name, settings, execArgv) {
  const program = startProgram('request/server.mjs', settings, {
    execArgv: ['--import', new URL('request/without.mjs', import.meta.url).href, ...(execArgv ?? [])],
    env: { BENCH_VARIANT: name, LOG_LEVEL: 'info' },
    stdout: execArgv ? 'pipe' : 'ignore',
  });
  const { port } = await program.next();
  return { ...program, port };
}

async function startRelay(database) {
  const program = startProgram('latency/relay.mjs', { database, name: 'bench', notified: true }, { stdout: 'ignore' });
  await program.next();
  return program;
}

async function createOrganizations(owner, count) {
  return query(
    owner,
    `with organization as (
       insert into organizations_organization (id, name, slug, provider_id)
       select gen_random_uuid(), 'Organization ' || n, 'organization-' || n, 'organization-test-' || n from generate_series(1, $1::int) n
       returning id, provider_id),
     person as (
       insert into organizations_user (id, email, email_key)
       select gen_random_uuid(), address, address from organization, lateral (select provider_id || '@example.com') as a (address)
       returning id, email),
     member as (
       insert into organizations_member (id, organization_id, user_id, email, name, role, status, provider_id, joined_at)
       select gen_random_uuid(), o.id, p.id, p.email, 'Alice Adams', 'admin', 'active', 'member-' || o.provider_id, now()
       from organization o join person p on p.email = o.provider_id || '@example.com'
       returning organization_id, provider_id)
     select m.provider_id as subject, o.provider_id as organization from member m join organization o on o.id = m.organization_id`,
    [count],
  );
}

/** The keys of a session provider, and session tokens of it that are valid for the whole run. */
async function startProvider() {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' }] });
  const http = createServer((_, response) => response.setHeader('content-type', 'application/json').end(keys));
  await new Promise((listening) => http.listen(0, '127.0.0.1', listening));
  const started = new Date().toISOString();
  return {
    url: `http://127.0.0.1:${http.address().port}/keys`,
    close: () => http.close(),
    sign: ({ subject, organization }) =>
      new SignJWT({
        'https://stytch.com/session': { id: `session-${randomUUID()}`, started_at: started, expires_at: '2100-01-01T00:00:00Z' },
        'https://stytch.com/organization': { organization_id: organization, slug: organization },
      })
        .setProtectedHeader({ alg: 'RS256', kid: 'bench', typ: 'JWT' })
        .setIssuer(ISSUER)
        .setAudience(PROJECT)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime('12h')
        .sign(privateKey),
  };
}

function report({ cells, counted }, postgres) {
  for (const { relay, organizations, connections, runs } of cells) {
    console.log(`\nrelay ${relay}, ${organizations} organization${organizations > 1 ? 's' : ''}, ${connections} connections`);
    console.table(NAMES.map((name) => rowOf(name, runs)));
  }
  console.log('\nof each request');
  const perRequest = NAMES.map((name) => ({
    name,
    statements: round(counted[name].statements, 1),
    'round trips': round(counted[name].roundTrips, 1),
    'ms under the lock': round(counted[name].lockedMs, 2),
    'bytes allocated': counted[name].allocatedBytes,
    'WAL bytes': Math.round(median(cells[0].runs[name].map(({ walBytes }) => walBytes))),
  }));
  console.table(perRequest);
  writeResult('request', {
    packages: ['@nestjs/core', 'fastify', 'typeorm', 'pg', 'nestjs-cls', 'class-validator'],
    postgres,
    settings: { rounds: ROUNDS, seconds: SECONDS },
    perRequest,
    cells: cells.map(({ runs, ...cell }) => ({ ...cell, summary: NAMES.map((name) => rowOf(name, runs)), runs })),
  });
}

function rowOf(name, runs) {
  const middle = (of) => median(runs[name].map(of));
  const ofNothing = (of) => ratio(runs[name], runs.nothing, of);
  const [p50, apiCpu, databaseCpu] = ['p50', 'apiCpu', 'databaseCpu'].map((key) => (run) => run[key]);
  return {
    name,
    'requests/s': Math.round(middle(({ rate }) => rate)),
    'p50 ms': round(middle(p50), 2),
    'p99 ms': round(
      middle(({ p99 }) => p99),
      2,
    ),
    'p50, of nothing': ofNothing(p50),
    'µs CPU of the api': Math.round(middle(apiCpu)),
    'api CPU, of nothing': ofNothing(apiCpu),
    'µs CPU of the database': Math.round(middle(databaseCpu)),
    'database CPU, of nothing': ofNothing(databaseCpu),
  };
}
