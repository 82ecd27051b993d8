/** The visibility timeout of a queue as a multiple of the function timeout. AWS recommends 6, so that a throttled batch stays hidden. */
export const VISIBILITY_FACTOR = 6;

/**
 * The maximum time that SQS keeps a message. A dead letter gets only part of it: "the expiration of a message is always based on its
 * original enqueue timestamp. When a message is moved to a dead-letter queue, the enqueue timestamp is unchanged. […] it is a best
 * practice to always set the retention period of a dead-letter queue to be longer than the retention period of the original queue."
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
 */
export const DEAD_LETTER_DAYS = 14;

/** The minimum number of days that a dead letter is kept. */
export const MIN_DEAD_LETTER_DAYS = 7;

/** The maximum number of days that a message is retried before it becomes a dead letter. */
export const retryDays = (maxReceives: number, timeoutSeconds: number): number =>
  (maxReceives * Math.max(timeoutSeconds * VISIBILITY_FACTOR, MAX_RETRY_DELAY_SECONDS)) / 86_400;

const MAX_RETRY_DELAY_SECONDS = 300; // between two attempts of a consumer
