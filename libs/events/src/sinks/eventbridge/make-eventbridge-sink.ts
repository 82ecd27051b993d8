import { PikaiaError } from '@pikaia/core';
import { EventBusClient } from './event-bus.client.js';
import type { EventBridgeSettings } from './eventbridge.settings.js';
import { EventBridgeSink } from './eventbridge.sink.js';

/** Creates the sink from its settings. @throws PikaiaError `PIKAIA_EVENT_BUS_UNSET` if the bus or its region is not set. */
export async function makeEventBridgeSink(settings: EventBridgeSettings, random?: () => number): Promise<EventBridgeSink> {
  const { eventBusName, awsRegion, awsEndpointUrl, eventBusConcurrency, eventBusTimeoutMs } = settings;
  if (eventBusName === undefined) {
    throw new PikaiaError('PIKAIA_EVENT_BUS_UNSET', 'EVENT_SINKS names eventbridge: set EVENT_BUS_NAME to the name of the bus.');
  }
  const client = new EventBusClient({
    busName: eventBusName,
    ...(awsRegion === undefined ? {} : { region: awsRegion }),
    ...(awsEndpointUrl === undefined ? {} : { endpoint: awsEndpointUrl }),
    concurrency: eventBusConcurrency,
    timeoutMs: eventBusTimeoutMs,
  });
  await client.region().catch((cause: unknown) => {
    throw new PikaiaError('PIKAIA_EVENT_BUS_UNSET', 'EVENT_SINKS names eventbridge: set AWS_REGION to the region of the bus.', {
      cause,
    });
  });
  return new EventBridgeSink({
    client,
    from: settings.eventBusStart,
    maxBytes: settings.eventBusMaxBytes,
    concurrency: eventBusConcurrency,
    checkIntervalMs: settings.eventBusCheckIntervalMs,
    ...(random ? { random } : {}),
  });
}
