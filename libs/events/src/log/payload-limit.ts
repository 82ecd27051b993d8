import { PikaiaError } from '@pikaia/core';

/** Bytes of a payload that is read: four times what publishing allows. A larger one, written past it, stays where it is. */
export const LARGEST_PAYLOAD_BYTES = 1024 * 1024;

/** Nothing that large was published: it fails without being read, so that the memory of a worker stays bounded. */
export const payloadTooLarge = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_EVENT_TOO_LARGE',
    `The payload has more than ${LARGEST_PAYLOAD_BYTES} bytes and was written past publish. Skip it, and find who inserts into the log.`,
  );
