import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { QueueBatchResponse, QueueBatch } from '@pikaia/events';
import { CHILD_ENVIRONMENT } from '../jest/child.environment.js';
import type { LogLine } from '../system/service.process.js';

export type LambdaResponse = QueueBatchResponse & { readonly error?: string };

interface Reply {
  readonly id?: string;
  readonly answer: LambdaResponse;
  /** Milliseconds since the start of the process. */
  readonly at: number;
}

/** Runs the bundle of a consumer in a separate process, as Lambda does. */
export class LambdaProcess {
  readonly lines: LogLine[] = [];
  readonly nonJsonLines: string[] = [];
  /** Milliseconds from the start of the process to the first response. */
  firstAnswerMs: number | undefined;

  private readonly ended: Promise<never>;

  private constructor(private readonly child: ChildProcess) {
    this.ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`The process exited with ${String(signal ?? code)}.`);
    });
    this.ended.catch(() => undefined); // `invoke` rejects with the same error
    for (const stream of [child.stdout!, child.stderr!])
      createInterface({ input: stream }).on('line', (text) => {
        if (text.startsWith('{')) this.lines.push(JSON.parse(text) as LogLine);
        else this.nonJsonLines.push(text);
      });
  }

  /** Resolves when the bundle is imported, which ends the initialization phase of Lambda. */
  static async start(bundle: string, environment: NodeJS.ProcessEnv): Promise<LambdaProcess> {
    const child = fork(resolve(__dirname, 'lambda.host.mjs'), [bundle], {
      env: { ...CHILD_ENVIRONMENT, NODE_ENV: 'production', ...environment },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const lambda = new LambdaProcess(child);
    const started = await Promise.race([once(child, 'message').then(() => true), once(child, 'exit').then(() => false)]);
    if (!started)
      throw new Error(`The process exited during the import: ${lambda.nonJsonLines.join('\n')}${JSON.stringify(lambda.lines)}`);
    return lambda;
  }

  async invoke(batch: QueueBatch, remainingMs?: number): Promise<LambdaResponse> {
    const id = randomUUID();
    const answered = new Promise<Reply>((done) => {
      const take = (reply: Reply): void => {
        if (reply.id !== id) return;
        this.child.off('message', take);
        done(reply);
      };
      this.child.on('message', take);
    });
    this.child.send({ id, batch, remainingMs });
    const { answer, at } = await Promise.race([answered, this.ended]);
    this.firstAnswerMs ??= at;
    return answer;
  }

  linesOf(event: string): LogLine[] {
    return this.lines.filter((line) => line['event'] === event);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}
