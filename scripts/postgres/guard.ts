// Runs PostgreSQL in its own session, so that Ctrl-C in the terminal does not reach it. Stops PostgreSQL when the process that
// started it has ended, even by kill -9: standard input is closed then. Without this guard PostgreSQL would keep running.
import { spawn } from 'node:child_process';
import type { Account } from './account.ts';

const CLIENT_DRAIN_TIMEOUT_MS = 8_000; // api and worker drain when their parent process dies
const FAST_STOP_TIMEOUT_MS = 20_000;

const [account, command, ...args] = process.argv.slice(2);
const stopFast = () => {
  server.kill('SIGINT');
  setTimeout(() => server.kill('SIGQUIT'), FAST_STOP_TIMEOUT_MS).unref();
};
const stopAfterClients = () => {
  server.kill('SIGTERM');
  setTimeout(stopFast, CLIENT_DRAIN_TIMEOUT_MS).unref();
};

process.stdin.on('error', stopAfterClients).on('end', stopAfterClients).resume();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stopFast);

const server = spawn(command!, args, { ...(JSON.parse(account!) as Account), stdio: ['ignore', 'ignore', 'pipe'] });
server.stderr.on('data', (bytes: Buffer) => process.stderr.write(bytes));
process.stderr.on('error', () => undefined); // the parent process has ended, but the guard must still stop the server
server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
server.on('close', (code) => process.exit(code ?? 1)); // not 'exit', which comes before the last output is read
