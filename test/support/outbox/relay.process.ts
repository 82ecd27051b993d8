import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { CHILD_ENVIRONMENT } from '../jest/child.environment.js';

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
  /** The point at which the process kills itself. */
  readonly deadly?: string | null;
  /** The behavior of the sink. */
  readonly mode?: 'accepting' | 'throttled' | 'partly' | 'afterAcceptance';
  /** The number of milliseconds by which the clock is fast. */
  readonly clockAhead?: number;
  readonly stop?: true;
}

/** A running program with relays, by default `relay.program.mjs`. */
export class RelayProcess {
  readonly exited: Promise<unknown>;

  private constructor(readonly child: ChildProcess) {
    child.on('error', () => undefined); // a message to a process that has just died
    this.exited = once(child, 'exit');
  }

  /** Returns before the relay is ready, since other relays can lead meanwhile. */
  static start(environment: Record<string, string>, program = PROGRAM): RelayProcess {
    const child = fork(program, {
      env: { ...CHILD_ENVIRONMENT, LOG_FORMAT: 'json', ...environment },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    return new RelayProcess(child);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  control(orders: RelayControl): void {
    if (this.child.connected) this.child.send(orders, () => undefined); // the process can die before it receives the message
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async stop(): Promise<void> {
    this.control({ mode: 'accepting', deadly: null, stop: true });
    await this.exited;
  }
}
