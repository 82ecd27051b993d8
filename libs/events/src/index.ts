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
