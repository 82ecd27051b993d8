import type { App } from 'aws-cdk-lib';
import { AppStack } from './app/app.stack.ts';
import { DataStack } from './data/data.stack.ts';
import { EventsStack } from './events/events.stack.ts';
import { NetworkStack } from './network/network.stack.ts';
import { ObservabilityStack } from './observability/observability.stack.ts';
import { readSettings } from './settings/read-settings.ts';
import { SETTINGS, type Settings } from './settings/settings.ts';

export interface Deployment {
  readonly settings: Settings;
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly events: EventsStack;
  readonly app: AppStack;
  readonly observability: ObservabilityStack;
}

/**
 * The five stacks, each of which stands on those before it: a worker whose bus is missing does not start, and an event that
 * is accepted before its rule is there reaches nobody.
 *
 * @throws Error for a context that is not accepted.
 */
export function deploy(app: App): Deployment {
  const settings: Settings = readSettings(SETTINGS, app.node.getAllContext());
  const network = new NetworkStack(app, settings);
  const data = new DataStack(app, settings, network);
  const events = new EventsStack(app, settings, network, data);
  const application = new AppStack(app, settings, network, data, events);
  const observability = new ObservabilityStack(app, settings, { network, data, events, app: application });
  data.addStackDependency(network);
  events.addStackDependency(data);
  application.addStackDependency(events);
  observability.addStackDependency(application);
  observability.addStackDependency(events);
  return { settings, network, data, events, app: application, observability };
}
