import { PikaiaError } from '@pikaia/core';
import type { Sink } from '../delivery/sink.js';
import type { EventBridgeSettings } from '../sinks/eventbridge/eventbridge.settings.js';

/**
 * Creates the sink `eventbridge`. Only this function loads the AWS SDK, so workers without the sink do not need it.
 *
 * @throws PikaiaError `PIKAIA_EVENT_BUS_UNSET`, `PIKAIA_EVENT_BUS_SDK_MISSING`.
 */
export async function loadEventBridgeSinks(settings: EventBridgeSettings | undefined): Promise<Sink[]> {
  if (!settings) {
    throw new PikaiaError(
      'PIKAIA_EVENT_BUS_UNSET',
      'EVENT_SINKS names eventbridge: pass an EventBridgeSettings to RelayModule.forRoot as `eventBridge`.',
    );
  }
  const { makeEventBridgeSink } = await import('../sinks/eventbridge/make-eventbridge-sink.js').catch(throwSdkMissing);
  return [await makeEventBridgeSink(settings)];
}

function throwSdkMissing(cause: unknown): never {
  if ((cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
  throw new PikaiaError(
    'PIKAIA_EVENT_BUS_SDK_MISSING',
    'EVENT_SINKS names eventbridge, but its package is not installed: npm install @aws-sdk/client-eventbridge.',
    { cause },
  );
}
