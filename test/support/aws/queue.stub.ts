import type { RequestListener } from 'node:http';
import { HttpStub } from '../http/http.stub.js';

interface Change {
  readonly Id: string;
  readonly ReceiptHandle: string;
  readonly VisibilityTimeout: number;
}

/** Amazon SQS over HTTP. It supports only ChangeMessageVisibilityBatch. */
export class QueueStub extends HttpStub {
  /** The last visibility timeout in seconds, by receipt handle. */
  readonly pauses = new Map<string, number>();
  /** Rejects every change, never responds, or stops in the middle of its response. */
  fault: 'refusing' | 'silent' | 'stalling' | undefined;

  static start(): Promise<QueueStub> {
    return new QueueStub().listen();
  }

  /** The URL of a queue. */
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
