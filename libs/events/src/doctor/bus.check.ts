import { loadSettings, PikaiaError, splitList } from '@pikaia/core';
import { failed, passed, skipped, warning, type Check, type CheckResult } from '@pikaia/database/doctor';
import { textOf } from '../delivery/error-fingerprint.js';
import type { Sink } from '../delivery/sink.js';
import { EventBridgeSettings } from '../sinks/eventbridge/eventbridge.settings.js';
import { loadEventBridgeSinks } from '../worker/load-eventbridge-sinks.js';

const TIMEOUT_MS = 5_000; // of the call; credentials are loaded before

/** Asks EventBridge whether the bus exists, as the worker does at its start. */
export const busCheck: Check = {
  name: 'event-bus',
  async run({ environment }) {
    if (!splitList(environment['EVENT_SINKS'] ?? '').includes('eventbridge'))
      return skipped('Not configured: EVENT_SINKS does not name eventbridge.');
    let sinks: Sink[];
    try {
      const [settings] = loadSettings([EventBridgeSettings], environment);
      sinks = await loadEventBridgeSinks(
        Object.assign(settings, { eventBusTimeoutMs: Math.min(settings.eventBusTimeoutMs, TIMEOUT_MS) }),
      );
    } catch (error) {
      if (!(error instanceof PikaiaError)) throw error;
      if (error.code === 'PIKAIA_EVENT_BUS_SDK_MISSING')
        return warning(
          'EVENT_SINKS names eventbridge, but its package is not installed here.',
          'Run: npm install @aws-sdk/client-eventbridge.',
        );
      return failed(error.message, 'Correct the settings of the sink eventbridge: docs/eventbridge.md.');
    }
    return identify(sinks[0]!);
  },
};

async function identify({ check }: Sink): Promise<CheckResult> {
  const { destination } = check!;
  try {
    const identity = await check!.identify();
    if (identity !== null) return passed(`The ${destination} exists.`);
    return failed(`The ${destination} does not exist.`, 'Create it, or correct EVENT_BUS_NAME and AWS_REGION.');
  } catch (error) {
    return failed(
      `The ${destination} cannot be reached: ${textOf(error)}`,
      'Check AWS_REGION, the credentials, the permission events:DescribeEventBus and the network of this machine.',
    );
  }
}
