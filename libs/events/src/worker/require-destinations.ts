import { getLogger } from '@pikaia/logging';
import { destinationMissing } from '../leader/destination.monitor.js';
import { textOf } from '../delivery/error-fingerprint.js';
import type { Sink } from '../delivery/sink.js';

const logger = getLogger('outbox');

/**
 * Checks at start that the destination of each sink exists. A check that fails is logged and left to the relay, which sends
 * nothing before its first successful check.
 *
 * @throws PikaiaError `PIKAIA_SINK_DESTINATION_MISSING` for the first destination that does not exist.
 */
export async function requireDestinations(sinks: readonly Sink[]): Promise<void> {
  await Promise.all(
    sinks.map(async (sink) => {
      const identity = await sink.check?.identify().catch((error: unknown) => {
        logger.warning('sink_check_failed', { sink: sink.name, reason: textOf(error) });
      });
      if (identity === null) throw destinationMissing(sink);
    }),
  );
}
