import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { CHILD_ENVIRONMENT } from '../jest/child.environment.js';
import { waitFor } from '../time/wait-for.js';

export type LogLine = Readonly<Record<string, unknown>>;

const ADDITIONAL_CONSUMER = pathToFileURL(resolve(__dirname, 'additional-consumer.mjs')).href;
const READY_TIMEOUT_MS = 120_000; // far more than a start takes, so that a busy machine does not fail a test

/** A built application in a separate process, with the log lines that it prints. */
export class ServiceProcess {
  readonly lines: LogLine[] = [];
  /** The printed lines that are no JSON objects. Empty unless the application has a fault. */
  readonly nonJsonLines: string[] = [];
  /** All lines on standard error. Empty unless the application has a fault. */
  readonly stderrLines: string[] = [];
  readonly exited: Promise<number | string>;

  private constructor(readonly child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!])
      createInterface({ input: stream }).on('line', (text) => this.addLine(text));
    createInterface({ input: child.stderr! }).on('line', (text) => this.stderrLines.push(text));
    // 'exit' can come before the last output is read.
    this.exited = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | string);
  }

  /** Starts `apps/<app>/dist/main.js` and waits for its ready message. */
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
    await waitFor('the start line', () => service.startLine); // the line can arrive after the ready message
    return service;
  }

  /** Starts the application without waiting. Use it for starts that must fail. */
  static launch(app: 'api' | 'outbox-worker', environment: NodeJS.ProcessEnv): ServiceProcess {
    const main = resolve(__dirname, `../../../apps/${app}/dist/main.js`);
    return new ServiceProcess(
      fork(main, {
        env: { ...CHILD_ENVIRONMENT, LOG_FORMAT: 'json', ...environment },
        execArgv: app === 'outbox-worker' ? ['--import', ADDITIONAL_CONSUMER] : [],
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

  /** Sends SIGTERM and returns the exit status. Also resumes a frozen process. */
  async stop(): Promise<number | string> {
    this.child.kill('SIGTERM');
    this.thaw();
    return this.exited;
  }

  /** Sends SIGSTOP: the process stops running and its connections stay open. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  /** Sends SIGCONT: a frozen process continues. */
  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** The log lines of one event. */
  linesOf(event: string): LogLine[] {
    return this.lines.filter((line) => line['event'] === event);
  }

  /** Sends SIGKILL and waits for the exit. */
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
