export {
  contractOf,
  DomainEvent,
  findContract,
  type Contract,
  type ContractClass,
  type DomainEventOptions,
} from './contract/domain-event.js';
export type { DeliveredEvent, Envelope, EnvelopeActor, EventOf } from './contract/envelope.js';
export { outboxMigrations } from './migrations/index.js';
export { EventsModule, type EventsModuleOptions } from './record/events.module.js';
export { Events, type Aggregate } from './record/events.service.js';
export { OUTBOX_CHANNEL } from './record/outbox-channel.js';
