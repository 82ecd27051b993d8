/** What AWS asks for, as a multiple of the function's timeout: a batch that is throttled must not become visible meanwhile. */
export const VISIBILITY_FACTOR = 6;

/**
 * The longest that SQS keeps a message. A dead letter does not get all of it: "the expiration of a message is always based on its
 * original enqueue timestamp. When a message is moved to a dead-letter queue, the enqueue timestamp is unchanged. […] it is a best
 * practice to always set the retention period of a dead-letter queue to be longer than the retention period of the original queue."
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
 */
export const DEAD_LETTER_DAYS = 14;

/** What is left for a dead letter at least. */
export const LEAST_DEAD_LETTER_DAYS = 7;

/** How long a message that fails each time is retried before it is a dead letter, at most. */
export const retryDays = (maxReceives: number, timeoutSeconds: number): number =>
  (maxReceives * Math.max(timeoutSeconds * VISIBILITY_FACTOR, LONGEST_PAUSE_SECONDS)) / 86_400;

const LONGEST_PAUSE_SECONDS = 300; // of a consumer between two attempts
