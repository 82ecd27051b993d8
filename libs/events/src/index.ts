export { Description, IsTimestamp, OptionalField } from '@pikaia/core'; // for the fields of contract classes
export { toCloudEvent, type CloudEvent } from './contract/cloud-event.js';
export {
  contractOf,
  DomainEvent,
  findContract,
  type Contract,
  type ContractClass,
  type DomainEventOptions,
} from './contract/domain-event.js';
export type { ExactData } from './contract/exact-data.js';
export { Upcast, type UpcastFunction } from './contract/upcast.decorator.js';
export { isPersonal, Personal } from './contract/personal.decorator.js';
export { Consumer, Handles, type ConsumerOptions, type HandlerCall, type HandlesOptions } from './consume/consumer.decorator.js';
export { parseEvent, type EventOfAny, type ParsedEvent } from './consume/event.parser.js';
export type { ReceivedEnvelope } from './consume/event.reader.js';
export { describeDeclaredContracts, type DescribedContract } from './schema/described.contract.js';
export { declareRuleSchema, type RuleSchema } from './schema/rule.schemas.js';
export type { JsonPrimitive, JsonSchema, JsonType } from './schema/json-schema.js';
export { describeConsumer, type ConsumerDescription } from './consume/consumer.description.js';
export { PostponeError } from './consume/postpone.error.js';
export type { EventMetadata } from './contract/event-metadata.js';
export type { DeliveredEvent, Envelope, EnvelopeActor, EventOf } from './contract/envelope.js';
export { expiredRowsTask, type ExpiredRows } from './housekeeping/expired-rows.tasks.js';
export type { HousekeepingResult, HousekeepingTask, Retention } from './housekeeping/housekeeping.task.js';
export {
  HousekeepingPreview,
  type ApplicationRows,
  type ExpectedRemoval,
  type HousekeepingPreviewView,
} from './housekeeping/housekeeping.preview.js';
export { Housekeeping, type HousekeepingOptions } from './housekeeping/housekeeping.js';
export { outboxMigrations } from './migrations/index.js';
export { COMMANDS, MAX_SELECTED_EVENTS, type CommandAnswer, type CommandName, type ReplayFilter } from './commands/command.js';
export type { CommandPage, CommandPlace, CommandStatus, CommandView, ReplayProgress, SinkAnswer } from './admin/command.view.js';
export { EVENT_STATUSES, type EventFilter, type EventScope, type EventStatus } from './admin/event-filter.js';
export { EventLog, type EventCount, type EventHistory, type EventPage, type EventPageRequest } from './admin/event-log.js';
export type {
  AttemptView,
  DecidingDeliveryView,
  DeliveryView,
  EventDetails,
  EventView,
  NewestItems,
  ReceiptView,
  RelatedEventView,
} from './admin/event.view.js';
export { EventsByRequest, type ChangedObject, type RequestEventView } from './admin/events-by-request.js';
export { BlockedAggregates, type BlockedAggregate, type BlockedPage, type BlockedPlace } from './admin/blocked-aggregates.js';
export { OperationsAudit, type OperationRequest, type OperationTarget } from './admin/operations-audit.js';
export { OutboxAdminModule, type OutboxAdminModuleOptions } from './admin/outbox-admin.module.js';
export {
  OutboxOperations,
  type CommandSelection,
  type OperationReason,
  type OperationScope,
  type ReplayRequest,
  type ReplaySelection,
} from './admin/outbox.operations.js';
export type { SinkPreview, TypePreview } from './admin/replay.preview.js';
export type { SinkState } from './log/sink-state.js';
export {
  OutboxOverview,
  type FailureGroup,
  type OrganizationThroughput,
  type OutboxOverviewView,
  type SinkThroughput,
} from './admin/outbox.overview.js';
export {
  OutboxStatus,
  type BoundedCount,
  type OutboxStatusView,
  type SinkStatus,
  type SlotStatus,
  type UnhandledEvents,
  type WorkerStatus,
} from './admin/outbox.status.js';
export type { LeaderlessSink } from './worker/sink.monitor.js';
export {
  QueueConsumer,
  type QueueBatchResponse,
  type QueueBatch,
  type QueueConsumerOptions,
  type RedeliveryDelay,
  type QueueRecord,
} from './queue/queue.consumer.js';
export { QueueModule, type QueueModuleOptions } from './queue/queue.module.js';
export { EventsModule, type EventsModuleOptions } from './record/events.module.js';
export { outboxChecks } from './doctor/outbox.checks.js';
export { Events, type Aggregate, type PublishOptions } from './record/events.service.js';
export { takeLogPosition } from './record/log-position.js';
export { Outbox, type WaitOptions } from './wait/outbox.js';
export { OUTBOX_CHANNEL } from './log/outbox-channel.js';
export type { PassOptions, PassResult, SinkPass } from './worker/relay.pass.js';
export { RelayService, RelayModule, type RelayModuleOptions } from './worker/relay.module.js';
export { serializeEvent } from './delivery/serialize-event.js';
export type { RelayHealth } from './leader/sink.relay.js';
export { OutboxSettings, retentionOf } from './worker/outbox.settings.js';
export { BackgroundLoop, type LoopHandlers } from './loop/background.loop.js';
export { accepted, type Outcome, type Sink, type SinkCheck, type SinkEvent, type SinkLimits } from './delivery/sink.js';
export { rebaseOutbox, type RebaseResult } from './restore/rebase.js';
export type { SinkFactory } from './worker/choose-sinks.js';
export { LogSinkSettings } from './sinks/log/log.settings.js';
export { EventBridgeSettings } from './sinks/eventbridge/eventbridge.settings.js';
