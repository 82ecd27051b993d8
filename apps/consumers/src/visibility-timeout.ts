import { ChangeMessageVisibilityBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { QueueConsumerOptions } from '@pikaia/events';
import { requestLimits } from './request-limits.js';

const PATIENCE_MS = 1_000; // within the margin that a batch leaves of its execution
const LONGEST_SECONDS = 11 * 3600; // SQS keeps a message away for twelve hours at most, those before included

/**
 * Tells SQS how long records stay away: it counts each receipt, so that what comes back too soon is given up too soon.
 * `setPauses` rejects where the queue did not take all of them.
 */
export function pausesAt(queueUrl: string): NonNullable<QueueConsumerOptions['setPauses']> {
  const client = new SQSClient({ maxAttempts: 1, requestHandler: requestLimits(PATIENCE_MS) });
  return async (pauses) => {
    const entries = pauses.map(({ record, milliseconds }, index) => ({
      Id: String(index),
      ReceiptHandle: record.receiptHandle,
      VisibilityTimeout: Math.min(Math.max(Math.ceil(milliseconds / 1000), 0), LONGEST_SECONDS),
    }));
    const { Failed: failed = [] } = await client.send(
      new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries: entries }), // ten at most, as in a batch
    );
    if (failed.length) throw new Error(failed.map(({ Code, Message }) => `${Code}: ${Message}`).join('; '));
  };
}
