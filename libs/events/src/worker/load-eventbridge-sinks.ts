import { PikaiaError } from '@pikaia/core';
import type { Sink } from '../delivery/sink.js';
import type { EventBridgeSettings } from '../sinks/eventbridge/eventbridge.settings.js';

/**
 * The sink `eventbridge`. AWS's SDK is loaded only here, so that nobody needs it who does not use the sink.
 *
 * @throws PikaiaError `PIKAIA_EVENT_BUS_UNSET`, `PIKAIA_EVENT_BUS_SDK_MISSING`.
 */
export async function loadEventBridgeSinks(settings: EventBridgeSettings | undefined): Promise<Sink[]> {
  if (!settings) {
    throw new PikaiaError(
      'PIKAIA_EVENT_BUS_UNSET',
      'EVENT_SINKS names eventbridge: give RelayModule.forRoot its settings, `eventBridge`, an EventBridgeSettings.',
    );
  }
  const { makeEventBridgeSink } = await import('../sinks/eventbridge/make-eventbridge-sink.js').catch(throwSdkMissing);
  return [await makeEventBridgeSink(settings)];
}

function throwSdkMissing(cause: unknown): never {
  if ((cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
  throw new PikaiaError(
    'PIKAIA_EVENT_BUS_SDK_MISSING',
    'EVENT_SINKS names eventbridge, which needs a package that is not installed: npm install @aws-sdk/client-eventbridge.',
    { cause },
  );
}
