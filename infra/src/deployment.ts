import { CONSUMERS, type DeployedConsumer } from '@pikaia/reactions';
import type { App } from 'aws-cdk-lib';
import { AppStack } from './app/app.stack.ts';
import { DataStack } from './data/data.stack.ts';
import { EventsStack } from './events/events.stack.ts';
import { NetworkStack } from './network/network.stack.ts';
import { ObservabilityStack } from './observability/observability.stack.ts';
import { findExampleValues } from './settings/check-settings.ts';
import { refuse } from './settings/read-settings.ts';
import { readSettingsFile } from './settings/settings-file.ts';
import { settingsOf } from './settings/check-settings.ts';
import type { Settings } from './settings/settings.ts';

export interface Deployment {
  readonly settings: Settings;
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly events: EventsStack;
  readonly app: AppStack;
  readonly observability: ObservabilityStack;
}

/**
 * Builds the five stacks with the settings of the settings file, which the context overrides. If a setting is missing or has
 * an example value, it throws, so there is no template that could be deployed.
 *
 * @throws Error with a line for each setting that is missing or invalid.
 */
export function deploy(app: App): Deployment {
  const context = app.node.getAllContext() as Readonly<Record<string, unknown>>;
  const { settings_file: file } = context;
  const given = { ...readSettingsFile(file === undefined ? undefined : String(file)), ...context };
  const settings = settingsOf(given);
  refuse(findExampleValues(given));
  return build(app, settings);
}

/**
 * Builds the five stacks. Each depends on the earlier ones: a worker does not start if its bus is missing, and an event that
 * is sent before its rule exists is lost for the consumer.
 */
export function build(app: App, settings: Settings, consumers: readonly DeployedConsumer[] = CONSUMERS): Deployment {
  const network = new NetworkStack(app, settings);
  const data = new DataStack(app, settings, network);
  const events = new EventsStack(app, settings, network, data, consumers);
  const application = new AppStack(app, settings, network, data, events, consumers);
  const observability = new ObservabilityStack(app, settings, { network, data, events, app: application });
  data.addStackDependency(network);
  events.addStackDependency(data);
  application.addStackDependency(events);
  observability.addStackDependency(application);
  observability.addStackDependency(events);
  return { settings, network, data, events, app: application, observability };
}
