import { PikaiaError } from '@pikaia/core';

/**
 * The largest payload that a worker reads, in bytes: four times the limit of `publish()`. A larger payload stays in the database.
 */
export const MAX_PAYLOAD_BYTES = 1024 * 1024;

/** The error of an event that is too large to read. Such an event fails unread, so the memory of a worker stays bounded. */
export const payloadTooLarge = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_EVENT_TOO_LARGE',
    `The payload has more than ${MAX_PAYLOAD_BYTES} bytes, so it was inserted without publish(). Skip the event, and find the code that inserts into the log directly.`,
  );
