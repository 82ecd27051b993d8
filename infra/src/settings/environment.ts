import type { Environment } from 'aws-cdk-lib';
import type { Settings } from './settings.ts';

/** The environment of the stacks. Without an account, the deployer's credentials decide, so synthesis needs no credentials. */
export const environmentOf = ({ general: { region, account } }: Settings): Environment => ({
  region,
  ...(account === undefined ? {} : { account }),
});
