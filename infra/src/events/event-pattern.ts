import type { ConsumerDescription } from '@pikaia/events';
import type { EventPattern } from 'aws-cdk-lib/aws-events';

/** The events that a consumer handles, by type; its source keeps out what another system may put on the bus under the same name. */
export const patternOf = ({ contracts }: ConsumerDescription): EventPattern => ({
  source: [...new Set(contracts.map(({ source }) => source))],
  detailType: [...new Set(contracts.map(({ type }) => type))],
});
