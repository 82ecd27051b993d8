// The API of the reference system in one variant. Sends its port; then answers `usage` with the CPU time used so far, and `count`
// and `counted` with the statements between them. Ends when the parent disconnects.
import { createRequire } from 'node:module';

const { api, jwksUrl, issuer, audience, connections } = JSON.parse(process.argv[2]);
// The pg of the API, not that of the peers in this folder.
const pg = createRequire(new URL('../../libs/database/package.json', import.meta.url))('pg');
const APPLICATION = 'pikaia-api'; // the pool of requests; the connection that wakes the relay has another name
let counts;
watchStatements();

const { startApi } = await import('../../apps/api/dist/server/start-api.js');
const port = await freePort();
const service = await startApi({
  NODE_ENV: 'production',
  LOG_LEVEL: process.env['LOG_LEVEL'],
  LOG_FORMAT: 'json',
  PORT: String(port),
  DATABASE_URL: api,
  DATABASE_POOL_SIZE: String(connections),
  CURSOR_SECRET: 'a secret of the benchmark, with 32 characters',
  INVITATION_SECRET: 'a secret of the benchmark, with 32 characters',
  SESSION_JWKS_URL: jwksUrl,
  SESSION_ISSUER: issuer,
  SESSION_AUDIENCE: audience,
  RATE_LIMIT_ADDRESS: '1000000000', // counted, but never reached
  RATE_LIMIT_SESSION: '1000000000',
  RATE_LIMIT_ORGANIZATION: '1000000000',
});

process.on('message', (command) => {
  const { user, system } = process.cpuUsage();
  if (command === 'count') counts = { statements: 0, roundTrips: 0, lockedMs: [] };
  process.send(command === 'counted' ? counts : { cpuMicroseconds: user + system });
  if (command === 'counted') counts = undefined;
});
process.on('disconnect', () => service.stop());
process.send({ port });

/** Counts the statements of the pool. Statements that are sent while others are on the way share their round trip. */
function watchStatements() {
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (...args) {
    if (!counts || this.connectionParameters.application_name !== APPLICATION) return query.apply(this, args);
    const sql = typeof args[0] === 'string' ? args[0] : args[0].text;
    counts.statements++;
    this.underway ??= 0;
    if (this.underway++ === 0 || !this.pipeline) counts.roundTrips++;
    const answered = () => {
      this.underway--;
      if (/for no key update/i.test(sql)) this.lockedAt = performance.now();
      if (!/^(commit|rollback)/i.test(sql) || this.lockedAt === undefined) return;
      counts?.lockedMs.push(performance.now() - this.lockedAt);
      this.lockedAt = undefined;
    };
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      args[args.length - 1] = (...answer) => {
        answered();
        return callback(...answer);
      };
      return query.apply(this, args);
    }
    const answer = query.apply(this, args);
    answer.then(answered, answered);
    return answer;
  };
}

async function freePort() {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port: free } = server.address();
  await new Promise((closed) => server.close(closed));
  return free;
}
