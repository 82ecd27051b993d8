import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackOff } from './back-off.ts';
import type { Output } from './output.ts';
import { PlainError } from './plain-error.ts';

const READY_TIMEOUT_MS = 60_000;
const DRAIN_TIMEOUT_MS = 15_000;

interface SupervisedProcessOptions {
  readonly name: string;
  /** The path of the script. */
  readonly main: string;
  /** Returns the environment of the next run. */
  readonly environment: () => NodeJS.ProcessEnv;
  readonly print: (line: string) => void;
  /** Receives `stdout` and `stderr` of each run. */
  readonly output: Output;
}

interface Ending {
  /** Null: a signal ended the process, or it could not be started. */
  readonly code: number | null;
  readonly how: string;
}

/**
 * Keeps one process running. If it dies, it is restarted after a growing delay. It runs in its own session, so that Ctrl-C
 * in the terminal does not reach it. It ends by itself when its IPC channel closes because this process has ended.
 */
export class SupervisedProcess {
  readonly #options: SupervisedProcessOptions;
  #child: ChildProcess | undefined;
  #wasReady = false;
  readonly #stopping = new AbortController();

  constructor(options: SupervisedProcessOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the process is ready for the first time. Rejects if it exits before that; its own output says why. If a
   * signal killed it, it is restarted.
   */
  async start(): Promise<void> {
    const ready = Promise.withResolvers<void>();
    this.#keepRunning(ready).catch(ready.reject);
    await ready.promise;
  }

  /** Sends SIGTERM, so that the process finishes its work in progress, and SIGKILL after 15 seconds. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    if (!child) return;
    const gone = once(child, 'exit'); // not 'close', which a blocked reader of its output would delay
    child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.#options.print(`${this.#options.name} has not finished after ${DRAIN_TIMEOUT_MS / 1000} s: killing it`);
      child.kill('SIGKILL');
    }, DRAIN_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
  }

  /**
   * Sends a message to the process and resolves with its next one.
   *
   * @throws Error if the process does not run, or ends before it has responded.
   */
  async ask(message: object): Promise<unknown> {
    const { name } = this.#options;
    const child = this.#child;
    if (!child?.connected) throw new Error(`${name} does not run.`);
    const settled = new AbortController();
    try {
      const answered = once(child, 'message', settled);
      const ended = once(child, 'exit', settled).then(() => Promise.reject(new Error(`${name} has ended.`)));
      child.send(message);
      const [answer] = (await Promise.race([answered, ended])) as unknown[];
      return answer;
    } finally {
      settled.abort();
    }
  }

  async #keepRunning(ready: PromiseWithResolvers<void>): Promise<void> {
    const { name, print } = this.#options;
    const backOff = new BackOff();
    while (!this.#stopping.signal.aborted) {
      const startedAt = Date.now();
      const { code, how } = await this.#runOnce(ready);
      if (this.#stopping.signal.aborted) break;
      if (!this.#wasReady && code !== null)
        throw new PlainError(`${name} ended before it was ready (${how}). Its output above says why.`);
      const delayMs = backOff.nextDelayMs(Date.now() - startedAt);
      print(`${name} ended (${how}): restarting it in ${delayMs} ms`);
      await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined); // stop() was called: the loop ends
    }
    ready.resolve();
  }

  async #runOnce(ready: PromiseWithResolvers<void>): Promise<Ending> {
    const { name, main, environment, print, output } = this.#options;
    const child = fork(main, { env: environment(), detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#child = child;
    output.forward(child);
    const timer = setTimeout(() => {
      print(`${name} is not ready after ${READY_TIMEOUT_MS / 1000} s: killing it`);
      child.kill('SIGKILL');
    }, READY_TIMEOUT_MS);
    child.on('message', (message) => {
      if (message !== 'ready') return;
      clearTimeout(timer);
      if (this.#wasReady) print(`${name} is ready again`);
      this.#wasReady = true;
      ready.resolve();
    });
    const { promise: ended, resolve } = Promise.withResolvers<Ending>();
    child.once('exit', (code, signal) => resolve({ code, how: signal ?? `exit code ${code}` }));
    child.once('error', (error) => child.pid ?? resolve({ code: null, how: error.message })); // it could not be started
    const outcome = await ended;
    clearTimeout(timer);
    this.#child = undefined;
    return outcome;
  }
}
