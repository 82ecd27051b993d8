import { SettingsError } from '@pikaia/core';

/** The longest time of one delivery to a sink, and the setting or handler option that bounds it. */
export interface DeliveryBound {
  readonly name: string;
  readonly timeoutMs: number;
}

/**
 * Refuses deliveries that may take so long that a sink is reported as stalled while it works.
 *
 * @throws SettingsError with one line for each bound that is not below OUTBOX_STALLED_AFTER_MS.
 */
export function refuseLongDeliveries(stalledAfterMs: number, bounds: readonly DeliveryBound[]): void {
  const problems = bounds
    .filter(({ timeoutMs }) => timeoutMs >= stalledAfterMs)
    .map(
      ({ name, timeoutMs }) =>
        `OUTBOX_STALLED_AFTER_MS is ${stalledAfterMs}: it must be above ${name}, which is ${timeoutMs}, or a slow delivery is reported as a sink that does not advance. Raise OUTBOX_STALLED_AFTER_MS, or lower ${name}`,
    );
  if (problems.length) throw new SettingsError(problems);
}
