import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseInteger } from './parse.ts';
import { PlainError } from './plain-error.ts';

const LEFTOVER_STOP_TIMEOUT_MS = 15_000;

export interface Ports {
  readonly api: number;
  readonly worker: number;
}

/** The ports of api and worker from PORT (default 3000) and WORKER_PORT (default PORT + 1). */
export function chosenPorts(environment: NodeJS.ProcessEnv): Ports {
  const api = port('PORT', environment, 3000);
  const worker = port('WORKER_PORT', environment, api + 1);
  if (worker === api) throw new PlainError(`WORKER_PORT and PORT are both ${worker}: set them to different ports.`);
  return { api, worker };
}

function port(name: string, environment: NodeJS.ProcessEnv, fallback: number): number {
  const text = environment[name]?.trim();
  const value = text ? parseInteger(text) : fallback;
  if (value !== undefined && value > 0 && value < 65_536) return value;
  throw new PlainError(
    `${name} is ${JSON.stringify(text ?? String(value))}: it must be a port from 1 to 65535, in decimal digits.`,
  );
}

/** Throws if a port is in use. If the last start was killed, waits up to 15 seconds for its processes to end. */
export async function waitForPorts(
  ports: Ports,
  { interrupted, signal }: { interrupted: boolean; signal: AbortSignal },
): Promise<void> {
  const deadline = interrupted ? Date.now() + LEFTOVER_STOP_TIMEOUT_MS : 0;
  for (const [setting, port] of [
    ['PORT', ports.api],
    ['WORKER_PORT', ports.worker],
  ] as const) {
    while (!(await isFree(port))) {
      if (Date.now() > deadline) {
        throw new PlainError(`Port ${port} is in use by another program. Stop that program, or set ${setting} to another port.`);
      }
      await sleep(100, undefined, { signal });
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port);
    await once(server, 'listening');
    await new Promise((done) => server.close(done));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return false;
    if (code === 'EACCES') throw new PlainError(`This user may not listen on port ${port}. Set another port.`);
    throw error;
  }
}
