import { consumersIn, type DeployedConsumer } from '@pikaia/reactions';
import { Duration, Stack, type App } from 'aws-cdk-lib';
import { Archive, EventBus } from 'aws-cdk-lib/aws-events';
import type { DataStack } from '../data/data.stack.ts';
import { secretReferences } from '../data/secrets.ts';
import type { NetworkStack } from '../network/network.stack.ts';
import { environmentOf } from '../settings/environment.ts';
import type { Settings } from '../settings/settings.ts';
import { ConsumerPath } from './consumer.path.ts';

/**
 * The event bus with its archive, and the delivery path to each consumer that runs in a Lambda. It is deployed before the app, because an event that is
 * sent before its rule exists is lost for the consumer.
 */
export class EventsStack extends Stack {
  readonly bus: EventBus;
  readonly consumers: readonly ConsumerPath[];

  constructor(app: App, settings: Settings, network: NetworkStack, data: DataStack, consumers: readonly DeployedConsumer[]) {
    super(app, 'PikaiaEvents', { env: environmentOf(settings), description: 'Pikaia: event bus and consumers' });
    this.bus = new EventBus(this, 'Bus', { eventBusName: settings.events.bus, description: 'Domain events of Pikaia' });
    new Archive(this, 'Archive', {
      archiveName: `${settings.events.bus}-archive`,
      description: 'All events, for a replay',
      sourceEventBus: this.bus,
      eventPattern: { account: [this.account] }, // matches every event; a pattern must have a field
      retention: Duration.days(settings.events.archiveDays),
    });
    const secrets = secretReferences(this, data.secrets);
    this.consumers = consumersIn('lambda', consumers).map(
      (consumer) => new ConsumerPath(this, consumer.name, { consumer, settings, network, data, secrets, bus: this.bus }),
    );
  }
}
