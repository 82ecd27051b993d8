import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { DeployedConsumer } from '@pikaia/reactions';
import type { DataStack } from '../data/data.stack.ts';
import type { Secrets } from '../data/secrets.ts';
import type { EventsStack } from '../events/events.stack.ts';
import type { LogStore } from '../logs/log-store.ts';
import type { NetworkStack } from '../network/network.stack.ts';
import type { Settings } from '../settings/settings.ts';

/** The dependencies of the constructs in `AppStack`. */
export interface AppDependencies {
  readonly settings: Settings;
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly secrets: Secrets;
  readonly events: EventsStack;
  /** All consumers, including those that run in Lambdas. */
  readonly consumers: readonly DeployedConsumer[];
  readonly cluster: ecs.Cluster;
  readonly image: ecs.ContainerImage;
  readonly taskLogs: LogStore;
}
