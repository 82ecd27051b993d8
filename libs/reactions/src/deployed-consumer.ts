import { type DynamicModule, Module, type Type } from '@nestjs/common';
import type { SettingsClass } from '@pikaia/core';
import { describeConsumer, type ConsumerDescription } from '@pikaia/events';

/** `worker`: a sink of the outbox-worker. `lambda`: a rule, a queue and a function behind the event bus. */
export type Place = 'worker' | 'lambda';

/** A consumer and where it runs in AWS. Without an event bus, as in development, all consumers run in the worker. */
export interface DeployedConsumer extends ConsumerDescription {
  readonly consumer: Type;
  readonly runsIn: Place;
  /** The settings of the consumer. A Lambda gets the variables that they read, and permission to send email if they name a mail transport. */
  readonly settings: SettingsClass;
  /** Creates the module that provides the consumer. `directory` is for its files. */
  readonly createModule: (settings: object, directory: string) => DynamicModule;
}

export interface DeployOptions<Settings extends object> {
  readonly runsIn: Place;
  readonly settings?: SettingsClass<Settings>;
  /** Default: a module that provides only the consumer. */
  readonly createModule?: (settings: Settings, directory: string) => DynamicModule;
}

class NoSettings {}

@Module({})
class ConsumerModule {}

/** Declares a consumer class and where it runs. Its `@Consumer` and `@Handles` declare the name and the events. */
export const deploy = <Settings extends object = NoSettings>(
  consumer: Type,
  { runsIn, settings, createModule }: DeployOptions<Settings>,
): DeployedConsumer => ({
  ...describeConsumer(consumer),
  consumer,
  runsIn,
  settings: settings ?? NoSettings,
  createModule: (loaded, directory) =>
    createModule?.(loaded as Settings, directory) ?? { module: ConsumerModule, providers: [consumer], exports: [consumer] },
});

export const consumersIn = (place: Place, consumers: readonly DeployedConsumer[]): DeployedConsumer[] =>
  consumers.filter(({ runsIn }) => runsIn === place);
