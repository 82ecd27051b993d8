// Runs PostgreSQL in a session of its own, out of reach of the terminal's Ctrl-C, and ends it when whoever started it is gone:
// standard input ends then, even after kill -9. PostgreSQL alone would live on.
import { spawn } from 'node:child_process';

const CLIENTS_LEAVE_WITHIN_MS = 8_000; // api and worker drain when their starter dies
const FAST_STOP_WITHIN_MS = 20_000;

const [account, command, ...args] = process.argv.slice(2);
const stopFast = () => {
  server.kill('SIGINT');
  setTimeout(() => server.kill('SIGQUIT'), FAST_STOP_WITHIN_MS).unref();
};
const stopWhenClientsLeft = () => {
  server.kill('SIGTERM');
  setTimeout(stopFast, CLIENTS_LEAVE_WITHIN_MS).unref();
};

process.stdin.on('error', stopWhenClientsLeft).on('end', stopWhenClientsLeft).resume();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stopFast);

const server = spawn(command, args, { ...JSON.parse(account), stdio: ['ignore', 'ignore', 'pipe'] });
server.stderr.on('data', (bytes) => process.stderr.write(bytes));
process.stderr.on('error', () => undefined); // the starter is gone: nobody reads, the server still has to be stopped
server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
server.on('close', (code) => process.exit(code ?? 1)); // not 'exit': its last words are still to be read
