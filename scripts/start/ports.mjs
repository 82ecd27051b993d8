import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlainError } from './plain-error.mjs';

const LEFTOVER_STOP_TIMEOUT_MS = 15_000;

/** The ports of api and worker from PORT (default 3000) and WORKER_PORT (default PORT + 1). */
export function chosenPorts(environment) {
  const api = port('PORT', environment, 3000);
  const worker = port('WORKER_PORT', environment, api + 1);
  if (worker === api) throw new PlainError(`WORKER_PORT and PORT are both ${worker}: set them to different ports.`);
  return { api, worker };
}

function port(name, environment, fallback) {
  const text = environment[name]?.trim();
  const value = text ? Number(text) : fallback;
  if (Number.isInteger(value) && value > 0 && value < 65_536) return value;
  throw new PlainError(`${name} is ${JSON.stringify(text ?? String(value))}: it must be a port from 1 to 65535.`);
}

/** Throws if a port is in use. If the last start was killed, waits up to 15 seconds for its processes to end. */
export async function waitForPorts(ports, { interrupted, signal }) {
  const deadline = interrupted ? Date.now() + LEFTOVER_STOP_TIMEOUT_MS : 0;
  for (const [setting, port] of [
    ['PORT', ports.api],
    ['WORKER_PORT', ports.worker],
  ]) {
    while (!(await isFree(port))) {
      if (Date.now() > deadline) {
        throw new PlainError(`Port ${port} is in use by another program. Stop that program, or set ${setting} to another port.`);
      }
      await sleep(100, undefined, { signal });
    }
  }
}

async function isFree(port) {
  const server = createServer();
  try {
    server.listen(port);
    await once(server, 'listening');
    await new Promise((done) => server.close(done));
    return true;
  } catch (error) {
    if (error.code === 'EADDRINUSE') return false;
    if (error.code === 'EACCES') throw new PlainError(`This user may not listen on port ${port}. Set another port.`);
    throw error;
  }
}
