import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackOff } from './back-off.mjs';
import { PlainError } from './plain-error.mjs';

const READY_WITHIN_MS = 60_000;
const DRAINS_WITHIN_MS = 15_000;

/**
 * Keeps one process running: started again, with a line and a growing pause, when it dies. It runs in a session of its
 * own, out of reach of the terminal's Ctrl-C, and ends by itself when we are gone and its IPC channel closes.
 */
export class SupervisedProcess {
  #options;
  #child;
  #wasReady = false;
  #stopping = new AbortController();

  /** @param options `name`, `main` (its script), `environment`, `say`, `output` (gets `stdout` and `stderr` of each run) */
  constructor(options) {
    this.#options = options;
  }

  /**
   * Resolves when the process is ready for the first time. Rejects if it gives up before that, which its own lines
   * explain; killed, it is tried again.
   */
  async start() {
    const ready = Promise.withResolvers();
    this.#keepRunning(ready).catch(ready.reject);
    await ready.promise;
  }

  /** Lets it finish what is in hand, and ends it if that takes too long. */
  async stop() {
    this.#stopping.abort();
    const child = this.#child;
    if (!child) return;
    const gone = once(child, 'exit'); // not 'close': a reader of ours that is stuck would delay it
    child.kill('SIGTERM');
    const late = setTimeout(() => {
      this.#options.say(`${this.#options.name} has not finished after ${DRAINS_WITHIN_MS / 1000} s: ending it`);
      child.kill('SIGKILL');
    }, DRAINS_WITHIN_MS);
    await gone;
    clearTimeout(late);
  }

  async #keepRunning(ready) {
    const { name, say } = this.#options;
    const backOff = new BackOff();
    while (!this.#stopping.signal.aborted) {
      const startedAt = Date.now();
      const { code, how } = await this.#runOnce(ready);
      if (this.#stopping.signal.aborted) break;
      if (!this.#wasReady && code !== null)
        throw new PlainError(`${name} ended before it was ready (${how}); its own lines say why.`);
      const pause = backOff.next(Date.now() - startedAt);
      say(`${name} ended (${how}): starting it again in ${pause} ms`);
      await sleep(pause, undefined, { signal: this.#stopping.signal }).catch(() => undefined); // stopped meanwhile: the loop ends
    }
    ready.resolve();
  }

  async #runOnce(ready) {
    const { name, main, environment, say, output } = this.#options;
    const child = fork(main, { env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#child = child;
    output.pass(child);
    const late = setTimeout(() => {
      say(`${name} is not ready after ${READY_WITHIN_MS / 1000} s: ending it`);
      child.kill('SIGKILL');
    }, READY_WITHIN_MS);
    child.on('message', (message) => {
      if (message !== 'ready') return;
      clearTimeout(late);
      if (this.#wasReady) say(`${name} is ready again`);
      this.#wasReady = true;
      ready.resolve();
    });
    const { promise: ended, resolve } = Promise.withResolvers();
    child.once('exit', (code, signal) => resolve({ code, how: signal ?? `exit code ${code}` }));
    child.once('error', (error) => child.pid ?? resolve({ code: null, how: error.message })); // not even begun
    const outcome = await ended;
    clearTimeout(late);
    this.#child = undefined;
    return outcome;
  }
}
