import { ChangeMessageVisibilityBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { QueueConsumerOptions } from '@pikaia/events';
import { requestTimeouts } from './request-timeouts.js';

const SQS_TIMEOUT_MS = 1_000; // within the time that a batch reserves at the end of the invocation
const MAX_VISIBILITY_TIMEOUT_S = 11 * 3600; // SQS limits the total to twelve hours from the receipt of the message

/**
 * Returns a function that sets the visibility timeout of records in the queue. SQS counts each receipt of a message, so a record
 * that returns too early reaches the dead-letter queue too early. The function rejects if SQS refuses one of the changes.
 */
export function createVisibilitySetter(queueUrl: string): NonNullable<QueueConsumerOptions['setRedeliveryDelays']> {
  const client = new SQSClient({ maxAttempts: 1, requestHandler: requestTimeouts(SQS_TIMEOUT_MS) });
  return async (delays) => {
    const entries = delays.map(({ record, delayMs }, index) => ({
      Id: String(index),
      ReceiptHandle: record.receiptHandle,
      VisibilityTimeout: Math.min(Math.max(Math.ceil(delayMs / 1000), 0), MAX_VISIBILITY_TIMEOUT_S),
    }));
    const { Failed: failed = [] } = await client.send(
      new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries: entries }), // at most ten entries, as in a batch
    );
    if (failed.length) throw new Error(failed.map(({ Code, Message }) => `${Code}: ${Message}`).join('; '));
  };
}
