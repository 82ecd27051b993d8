import type { Environment } from 'aws-cdk-lib';
import type { Settings } from './settings.ts';

/** With the account left to the deployer's credentials nothing is looked up, so that a synth needs none. */
export const environmentOf = ({ general: { region, account } }: Settings): Environment => ({
  region,
  ...(account === undefined ? {} : { account }),
});
