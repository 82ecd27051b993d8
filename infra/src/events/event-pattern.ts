import type { ConsumerDescription } from '@pikaia/events';
import type { EventPattern } from 'aws-cdk-lib/aws-events';

/** Matches the events that a consumer handles, by type and source. The source excludes events of other systems with the same type. */
export const patternOf = ({ contracts }: ConsumerDescription): EventPattern => ({
  source: [...new Set(contracts.map(({ source }) => source))],
  detailType: [...new Set(contracts.map(({ type }) => type))],
});
