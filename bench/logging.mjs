// npm run bench:logging: measures the cost of logging in a Nest application, compared with the same application without logging
// and with the usual packages. README.md explains the result.
import { execFile, fork } from 'node:child_process';
import { createReadStream, mkdtempSync, openSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { allocatedBytes, median, ratio, round } from './figures.mjs';
import { writeResult } from './result.mjs';

const VARIANTS = ['bare', 'stock', 'ours'];
const LINES = [
  ['pino', 'pino, a write a line'],
  ['pinoBuffered', 'pino, 4 KiB a write'],
  ['ours', 'ours, outside a context'],
  ['ours', 'ours, in a request', 'context'],
  ['ours', 'ours, in a request, without redaction', 'context', 'redaction'],
  ['ours', 'ours, in a request, without budgets', 'context', 'budgets'],
  ['oursDebug', 'ours, DEBUG that is off', 'context'],
  ['oursDebug', "ours, DEBUG kept for the request's end", 'ring'],
];
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5);
const WARM_UP_SECONDS = 3;
const CONNECTIONS = 50;
const DRAIN_MS = 20_000; // the maximum time that a server may take to write its remaining lines

const here = import.meta.dirname;
const folder = mkdtempSync(join(tmpdir(), 'pikaia-bench-'));
try {
  const http = await compareServers();
  const bytes = await compareAllocations();
  const lines = await compareLines();
  report(http, bytes, lines);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** All servers run all the time. The rounds alternate (A B C A B C), so that a machine that becomes slower affects all. */
async function compareServers() {
  const servers = [];
  for (const name of VARIANTS) servers.push(await startServer(name));
  for (const server of servers) await load(server, WARM_UP_SECONDS);
  for (let round = 1; round <= ROUNDS; round++) {
    for (const server of servers) server.runs.push(await measure(server));
    console.error(
      `round ${round} of ${ROUNDS}: ${servers.map(({ name, runs }) => `${name} ${runs.at(-1).rate}`).join(', ')} requests/s`,
    );
  }
  for (const server of servers) await stop(server);
  return Object.fromEntries(servers.map(({ name, runs }) => [name, runs]));
}

async function measure(server) {
  truncateSync(server.output);
  const before = await cpuOf(server);
  const { requests, failed, seconds, busy } = await load(server, SECONDS);
  if (failed > 0) throw new Error(`${server.name}: ${failed} requests failed: the result is invalid.`);
  const { lines, bytes } = await written(server, requests);
  const after = await cpuOf(server);
  const cpu = after.user + after.system - before.user - before.system;
  return {
    rate: Math.round(requests / seconds),
    cpuMicroseconds: round(cpu / requests, 2),
    outputBytes: lines ? Math.round((3 * bytes) / lines) : 0,
    generatorBusy: round(busy, 2),
  };
}

/** Waits for the lines of all requests. The variant `stock` writes in the background and can be seconds behind. */
async function written({ name, output }, requests) {
  const expected = name === 'bare' ? 0 : 3 * requests;
  for (const end = performance.now() + DRAIN_MS; ; await sleep(100)) {
    const size = await sizeOf(output);
    if (size.lines >= expected) return size;
    if (performance.now() > end) throw new Error(`${name} wrote ${size.lines} lines of ${requests} requests, not three each.`);
  }
}

/** Uses a separate server for each variant, because the trace of the garbage collector goes to stdout and costs time. */
async function compareAllocations() {
  const allocated = {};
  for (const name of VARIANTS) {
    const server = await startServer(name, ['--trace-gc']);
    const warm = await load(server, WARM_UP_SECONDS);
    const { requests } = await load(server, WARM_UP_SECONDS);
    await stop(server);
    allocated[name] = Math.round(allocatedBytes(readFileSync(server.output, 'latin1')) / (warm.requests + requests));
  }
  return allocated;
}

async function compareLines() {
  const results = {};
  for (const [name, title, where = '', without] of LINES) {
    const options = optionsFor(join(folder, 'lines'));
    const child = fork(join(here, 'logging', 'line.mjs'), [name, where], {
      ...options,
      ...(without && {
        execArgv: ['--import', pathToFileURL(join(here, 'logging', 'without.mjs')).href],
        env: { ...options.env, BENCH_WITHOUT: without },
      }),
    });
    const [[rounds], [code]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
    if (code !== 0) throw new Error(`${title}: ended with ${code}.`);
    results[title] = Math.round(median(rounds));
  }
  return results;
}

async function startServer(name, execArgv = []) {
  const output = join(folder, `${name}.log`);
  const child = fork(join(here, 'logging', 'server.mjs'), [name], { ...optionsFor(output), execArgv });
  const first = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (!first[0]?.port) throw new Error(`The server ${name} ended before it listened.`);
  return { name, child, output, url: `http://127.0.0.1:${first[0].port}/orders/17`, runs: [] };
}

function optionsFor(output) {
  return {
    stdio: ['ignore', openSync(output, 'a'), 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  };
}

async function stop({ child }) {
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
}

async function cpuOf({ child }) {
  const answer = once(child, 'message');
  child.send('cpu');
  return (await answer)[0].cpu;
}

async function load({ url }, seconds) {
  const args = [join(here, 'load.mjs'), url, String(seconds), String(CONNECTIONS)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

async function sizeOf(path) {
  let lines = 0;
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1_024 * 1_024 })) {
    bytes += chunk.length;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  }
  return { lines, bytes };
}

function report(http, bytes, lines) {
  const middle = (name, of) => median(http[name].map(of));
  const summary = VARIANTS.map((name) => ({
    name,
    'requests/s': middle(name, rateOf),
    'of bare': ratio(http[name], http.bare, rateOf),
    'of stock': ratio(http[name], http.stock, rateOf),
    'µs CPU/request': middle(name, cpuOfRun),
    'CPU of bare': ratio(http.bare, http[name], cpuOfRun),
    'bytes allocated/request': bytes[name],
    'bytes written/request': middle(name, (run) => run.outputBytes),
    'generator busy': middle(name, (run) => run.generatorBusy),
  }));
  console.table(summary);
  console.table(Object.entries(lines).map(([name, ns]) => ({ name, 'ns/line': ns })));
  writeResult('logging', {
    packages: ['@nestjs/core', '@nestjs/platform-fastify', 'fastify', 'nestjs-pino', 'nestjs-cls', 'pino', 'autocannon'],
    settings: { rounds: ROUNDS, seconds: SECONDS, warmUpSeconds: WARM_UP_SECONDS, connections: CONNECTIONS },
    summary,
    nanosecondsALine: lines,
    runs: http,
  });
}

function rateOf({ rate }) {
  return rate;
}

function cpuOfRun({ cpuMicroseconds }) {
  return cpuMicroseconds;
}
