import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { waitFor } from './until.js';

export type LogLine = Readonly<Record<string, unknown>>;

const READY_TIMEOUT_MS = 60_000; // far beyond what it takes; a busy machine must not fail a test

/** A built application running as a process of its own, with the log lines that it prints. */
export class ServiceProcess {
  readonly lines: LogLine[] = [];
  /** What was printed that is no JSON object: nothing, if all is well. */
  readonly nonJsonLines: string[] = [];
  /** What came on standard error, records or not: nothing, if all is well. */
  readonly stderrLines: string[] = [];
  readonly exited: Promise<number | string>;

  private constructor(readonly child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!]) createInterface({ input: stream }).on('line', (text) => this.addLine(text));
    createInterface({ input: child.stderr! }).on('line', (text) => this.stderrLines.push(text));
    // Not 'exit': what it printed last is still to be read then.
    this.exited = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | string);
  }

  /** Starts `apps/<app>/dist/main.js` and waits until it says that it is ready. */
  static async start(app: 'api' | 'outbox-worker', environment: NodeJS.ProcessEnv): Promise<ServiceProcess> {
    const service = ServiceProcess.launch(app, environment);
    const outcome = await Promise.race([
      once(service.child, 'message').then(() => 'ready'),
      service.exited.then((how) => `ended with ${how}`),
      new Promise<string>((done) => setTimeout(() => done('not ready in time'), READY_TIMEOUT_MS).unref()),
    ]);
    if (outcome !== 'ready') {
      service.child.kill('SIGKILL');
      throw new Error(`${app}: ${outcome}\n${service.text()}`);
    }
    await waitFor('its start line', () => service.startLine); // standard output may come after the message
    return service;
  }

  /** Starts it without waiting: for starts that are meant to fail. */
  static launch(app: 'api' | 'outbox-worker', environment: NodeJS.ProcessEnv): ServiceProcess {
    const main = resolve(__dirname, `../../apps/${app}/dist/main.js`);
    return new ServiceProcess(
      fork(main, {
        env: { PATH: process.env['PATH'], LOG_FORMAT: 'json', ...environment },
        execArgv: [],
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      }),
    );
  }

  get port(): number {
    return this.startLine!['port'] as number;
  }

  get startLine(): LogLine | undefined {
    return this.lines.find(({ event }) => event === 'api_started' || event === 'worker_started');
  }

  /** SIGTERM, and the exit status. One that is frozen goes on to do so. */
  async stop(): Promise<number | string> {
    this.child.kill('SIGTERM');
    this.thaw();
    return this.exited;
  }

  /** SIGSTOP: it does nothing any more, and its connections stay open. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  /** SIGCONT. */
  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** The lines of an event. */
  linesOf(event: string): LogLine[] {
    return this.lines.filter((line) => line['event'] === event);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  text(): string {
    return [...this.lines.map((line) => JSON.stringify(line)), ...this.nonJsonLines].join('\n');
  }

  private addLine(text: string): void {
    try {
      this.lines.push(JSON.parse(text) as LogLine);
    } catch {
      this.nonJsonLines.push(text);
    }
  }
}
