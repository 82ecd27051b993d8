import type { App } from 'aws-cdk-lib';
import { AppStack } from './app/app.stack.ts';
import { DataStack } from './data/data.stack.ts';
import { EventsStack } from './events/events.stack.ts';
import { NetworkStack } from './network/network.stack.ts';
import { ObservabilityStack } from './observability/observability.stack.ts';
import { examplesAmong } from './settings/check-settings.ts';
import { refuse } from './settings/read-settings.ts';
import { settingsInFile } from './settings/settings-file.ts';
import { settingsOf, type Settings } from './settings/settings.ts';

export interface Deployment {
  readonly settings: Settings;
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly events: EventsStack;
  readonly app: AppStack;
  readonly observability: ObservabilityStack;
}

/**
 * The five stacks with the settings of the settings file, which the context overrides. A stack never exists with a setting that
 * is missing or that is an example's: there is no template of it then, so no command can deploy it.
 *
 * @throws Error with a line for each setting that is missing or not accepted.
 */
export function deploy(app: App): Deployment {
  const context = app.node.getAllContext() as Readonly<Record<string, unknown>>;
  const { settings_file: file } = context;
  const given = { ...settingsInFile(file === undefined ? undefined : String(file)), ...context };
  const settings = settingsOf(given);
  refuse(examplesAmong(given));
  return build(app, settings);
}

/**
 * The five stacks, each of which stands on those before it: a worker whose bus is missing does not start, and an event that
 * is accepted before its rule is there reaches nobody.
 */
export function build(app: App, settings: Settings): Deployment {
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
