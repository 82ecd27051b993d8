import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const PROGRAM = resolve(__dirname, 'relay.program.mjs');

export const FAULT_POINTS = [
  'after read',
  'in mid-batch',
  'after send',
  'before the cursor is stored',
  'after the cursor is stored',
  'on hand-over',
] as const;

export interface RelayControl {
  /** Where the process is to kill itself. */
  readonly deadly?: (typeof FAULT_POINTS)[number] | null;
  /** What the sink does. */
  readonly mode?: 'accepting' | 'throttled' | 'partly' | 'afterAcceptance';
  /** Milliseconds. */
  readonly clockAhead?: number;
  readonly stop?: true;
}

/** `relay.program.mjs`, running. */
export class RelayProcess {
  readonly exited: Promise<unknown>;

  private constructor(readonly child: ChildProcess) {
    child.on('error', () => undefined); // an order to one that has just died
    this.exited = once(child, 'exit');
  }

  /** Does not wait until it is up: others lead meanwhile. */
  static start(environment: Record<string, string>): RelayProcess {
    const child = fork(PROGRAM, {
      env: { PATH: process.env['PATH'], LOG_FORMAT: 'json', ...environment },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    return new RelayProcess(child);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  control(orders: RelayControl): void {
    if (this.child.connected) this.child.send(orders, () => undefined); // it may die meanwhile
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async stop(): Promise<void> {
    this.control({ mode: 'accepting', deadly: null, stop: true });
    await this.exited;
  }
}
