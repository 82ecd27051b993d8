import type { RequestListener } from 'node:http';
import { HttpStub } from './http.stub.js';

interface Change {
  readonly Id: string;
  readonly ReceiptHandle: string;
  readonly VisibilityTimeout: number;
}

/** Amazon SQS over HTTP, as far as ChangeMessageVisibilityBatch goes. */
export class QueueStub extends HttpStub {
  /** Seconds by receipt handle, as they were set last. */
  readonly pauses = new Map<string, number>();
  /** Refuses to change anything, never answers, or stops in the middle of its answer. */
  fault: 'refusing' | 'silent' | 'stalling' | undefined;

  static start(): Promise<QueueStub> {
    return new QueueStub().listen();
  }

  /** Of a queue. */
  queueUrl(name: string): string {
    return `${this.url}/123456789012/${name}`;
  }

  protected readonly respond: RequestListener = async (request, response) => {
    const { Entries } = JSON.parse(Buffer.concat(await request.toArray()).toString('utf8')) as { Entries: readonly Change[] };
    if (this.fault === 'silent') return;
    const isRefusing = this.fault === 'refusing';
    const outcome = Entries.map(({ Id, ReceiptHandle, VisibilityTimeout }) => {
      if (isRefusing) return { Id, Code: 'ReceiptHandleIsInvalid', Message: 'It is too old.', SenderFault: true };
      this.pauses.set(ReceiptHandle, VisibilityTimeout);
      return { Id };
    });
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
    if (this.fault === 'stalling') return void response.write('{');
    response.end(JSON.stringify(isRefusing ? { Successful: [], Failed: outcome } : { Successful: outcome, Failed: [] }));
  };
}
