import {
  ConfigurableModuleBuilder,
  Global,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { type Clock, PikaiaError, requireModuleOptions, systemClock } from '@pikaia/core';
import {
  DATA_SOURCE,
  DATABASE_ACCESS,
  DatabaseAccessModule,
  requireTables,
  type DatabaseAccess,
  type DatabaseAddress,
} from '@pikaia/database';
import { hostname } from 'node:os';
import type { DataSource } from 'typeorm';
import type { Pool } from 'pg';
import { ConnectionBudget } from '../consume/connection.budget.js';
import { defineConsumers } from '../consume/consumer.definition.js';
import { ConsumerRunner } from '../consume/consumer.runner.js';
import { Receipts } from '../consume/receipts.js';
import { refuseUnreachableTimeouts } from '../consume/session-timeouts.js';
import type { HousekeepingTask } from '../housekeeping/housekeeping.task.js';
import { HousekeepingLoop } from './housekeeping.loop.js';
import type { RelayHealth } from '../leader/sink.relay.js';
import type { LeaderlessSink } from './sink.monitor.js';
import type { PassOptions, PassResult } from './relay.pass.js';
import { RelaySupervisor } from './relay.supervisor.js';
import { retentionOf, type OutboxSettings } from './outbox.settings.js';
import { chooseConsumers } from './choose-consumers.js';
import { chooseSinks, type SinkFactory } from './choose-sinks.js';
import { refuseLongDeliveries } from './refuse-long-deliveries.js';
import type { Sink } from '../delivery/sink.js';
import type { EventBridgeSettings } from '../sinks/eventbridge/eventbridge.settings.js';
import { REQUIRED_TABLES } from '../log/required-tables.js';
import { loadEventBridgeSinks } from './load-eventbridge-sinks.js';
import { LocalSink } from '../sinks/local/local.sink.js';
import type { LogSinkSettings } from '../sinks/log/log.settings.js';
import { LogSink } from '../sinks/log/log.sink.js';

export interface RelayModuleOptions {
  readonly settings: OutboxSettings;
  /** A direct connection as the worker's role. A pooler does not work. Default: the database of DatabaseModule. */
  readonly databaseUrl?: DatabaseAddress;
  readonly clock?: Clock;
  /** Settings of the sink `eventbridge`. Required if EVENT_SINKS names it. */
  readonly eventBridge?: EventBridgeSettings;
  /** Settings of the sink `log`. Default: its records contain no data of events. */
  readonly log?: LogSinkSettings;
  /** Tasks of the application, which housekeeping runs after its own ones. */
  readonly housekeepingTasks?: readonly HousekeepingTask[];
  /** Factories of further sinks, by their name in EVENT_SINKS. */
  readonly sinks?: Readonly<Record<string, SinkFactory>>;
  /** The version of the application, such as a release or a commit, which the status of the outbox shows. Default: none. */
  readonly version?: string | undefined;
  /** False: nothing is delivered until `RelayService.runOnce` is called, for cron, Lambda and tests. Default: true. */
  readonly autoStart?: boolean;
  /** Called after a relay logged that it cannot continue. End the process. */
  readonly onFatal?: (error: PikaiaError) => void;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<RelayModuleOptions>()
  .setClassMethodName('forRoot')
  .build();

const CALLS_TIMEOUT_MS = 7_000; // runService ends the process after ten seconds; receipts that are late need two of them

/** Runs the relays of this process. It creates them at application start, when every provider with `@Consumer` is known. */
@Injectable()
export class RelayService implements OnApplicationBootstrap, OnModuleDestroy {
  private supervisor: RelaySupervisor | undefined;
  private housekeeping: HousekeepingLoop | undefined;
  private receipts: Receipts | undefined;

  constructor(
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: RelayModuleOptions,
    private readonly discovery: DiscoveryService,
    @Inject(DATA_SOURCE) private readonly source: DataSource,
    @Inject(DATABASE_ACCESS) private readonly access: DatabaseAccess,
  ) {
    requireModuleOptions('RelayModule', options, ['settings']);
  }

  /**
   * @throws PikaiaError `PIKAIA_CONSUMER_INVALID`, `PIKAIA_CONSUMER_UNKNOWN`, `PIKAIA_UPCASTER_INVALID`, `PIKAIA_UPCASTER_MISSING`,
   * `PIKAIA_HANDLER_TIMEOUT_TOO_LONG`, `PIKAIA_DATABASE_POOL_TOO_SMALL`, `PIKAIA_EVENT_SINK_UNKNOWN`, `PIKAIA_EVENT_SINKS_EMPTY`,
   * `PIKAIA_DATABASE_NOT_MIGRATED`, `PIKAIA_OUTBOX_RESTORED`, `PIKAIA_SINK_DESTINATION_MISSING`, `PIKAIA_EVENT_BUS_UNSET`, `PIKAIA_EVENT_BUS_SDK_MISSING`, `PIKAIA_SETTINGS_INVALID`.
   */
  async onApplicationBootstrap(): Promise<void> {
    this.supervisor = await this.createSupervisor();
    if (this.options.autoStart === false) return;
    await this.supervisor.start();
    const { settings, clock = systemClock, housekeepingTasks = [] } = this.options;
    const intervalMs = settings.outboxHousekeepingIntervalMs;
    const retention = retentionOf(settings);
    this.housekeeping = new HousekeepingLoop({
      url: this.address,
      retention,
      furtherTasks: housekeepingTasks,
      intervalMs,
      clock,
    });
    this.housekeeping.start();
  }

  /**
   * One bounded pass, for cron, Lambda and tests: leads each sink that no other process leads, handles what is due until nothing is due
   * or a limit is reached, and releases leadership and connections. A process that is killed meanwhile leaves nothing behind that
   * the next pass does not continue. Housekeeping is a separate command.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_RUNNING` unless the module has `autoStart: false`.
   * @throws PikaiaError `PIKAIA_ARGUMENTS_INVALID` unless the limits are positive.
   * @throws PikaiaError `PIKAIA_OUTBOX_RESTORED`, `PIKAIA_SINK_DESTINATION_MISSING` as at the start of a worker.
   */
  async runOnce(options: PassOptions = {}): Promise<PassResult> {
    if (this.options.autoStart !== false || !this.supervisor) throw alreadyRunning();
    return this.supervisor.runOnce(options, CALLS_TIMEOUT_MS);
  }

  /** Waits for the calls in flight and for receipts before the data source closes, for at most nine seconds. */
  async onModuleDestroy(): Promise<void> {
    await Promise.all([this.supervisor?.stop(CALLS_TIMEOUT_MS), this.housekeeping?.stop()]);
    await this.receipts?.stop();
  }

  /** Health of each relay in this process, for readiness. Runs no query. */
  health(): RelayHealth[] {
    return this.supervisor?.health() ?? [];
  }

  /** Sinks in the database that have had no leader for `OUTBOX_LEADERLESS_ALARM_MS`. Runs no query. */
  leaderless(): LeaderlessSink[] {
    return this.supervisor?.leaderless() ?? [];
  }

  private async createSupervisor(): Promise<RelaySupervisor> {
    const { settings, clock = systemClock, log, sinks = {}, version, onFatal } = this.options;
    const factories = {
      local: () => this.localSinks(),
      log: () => [new LogSink({ includeData: log?.eventLogData ?? false })],
      eventbridge: () => this.eventBridgeSinks(),
      ...sinks,
    };
    const chosen = await chooseSinks(settings.eventSinks, factories);
    if (!chosen.length) throw noSinksError(settings.eventSinks);
    await requireTables(this.source, this.access.roles, 'outboxMigrations', REQUIRED_TABLES); // after what needs no database
    return new RelaySupervisor(chosen, {
      url: this.address,
      worker: `${hostname()}:${process.pid}`,
      pollIntervalMs: settings.outboxPollIntervalMs,
      storeIntervalMs: settings.outboxStoreIntervalMs,
      leaderTimeoutMs: settings.outboxLeaderTimeoutMs,
      failedRetentionMs: retentionOf(settings).failedMs,
      expiryIntervalMs: settings.outboxHousekeepingIntervalMs,
      leaderlessAlarmMs: settings.outboxLeaderlessAlarmMs,
      stalledAfterMs: settings.outboxStalledAfterMs,
      version,
      nextHousekeepingInMs: () => this.housekeeping?.nextRunInMs,
      clock,
      ...(onFatal ? { onFatal } : {}),
    });
  }

  private get address(): DatabaseAddress {
    return this.options.databaseUrl ?? this.access.address;
  }

  private async localSinks(): Promise<LocalSink[]> {
    const instances = this.discovery.getProviders().map(({ instance }) => instance as unknown);
    const defined = defineConsumers(instances.filter((instance) => typeof instance === 'object' && instance !== null));
    const consumers = chooseConsumers(this.options.settings.eventConsumers, defined);
    const handlers = consumers.flatMap(({ name, handlers }) =>
      handlers.map(({ method, timeoutMs }) => ({ name: `timeoutMs of ${method} in ${name}`, timeoutMs })),
    );
    refuseLongDeliveries(this.options.settings.outboxStalledAfterMs, handlers);
    await refuseUnreachableTimeouts(this.source, consumers);
    const inTransactions = consumers.filter(({ handlers }) => handlers.some(({ effect }) => effect === 'database'));
    const { master: pool } = this.source.driver as unknown as { readonly master: Pool };
    const budget = new ConnectionBudget(
      pool.options.max,
      inTransactions.map(({ name }) => name),
    );
    const receipts = new Receipts(this.source, { url: this.address });
    this.receipts = receipts;
    return consumers.map((consumer) => new LocalSink(new ConsumerRunner(consumer, receipts, budget)));
  }

  private async eventBridgeSinks(): Promise<readonly Sink[]> {
    const { settings, eventBridge } = this.options;
    const sinks = await loadEventBridgeSinks(eventBridge);
    refuseLongDeliveries(settings.outboxStalledAfterMs, [
      { name: 'EVENT_BUS_TIMEOUT_MS', timeoutMs: eventBridge!.eventBusTimeoutMs },
    ]);
    return sinks;
  }
}

const alreadyRunning = (): PikaiaError =>
  new PikaiaError(
    'PIKAIA_OUTBOX_RUNNING',
    'runOnce was called in a process whose relays run by themselves, or that has not started. Set autoStart: false in RelayModule.forRoot, and call runOnce after the application has started.',
  );

const noSinksError = (names: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_EVENT_SINKS_EMPTY',
    `EVENT_SINKS is "${names}", but this application has no provider with @Consumer, so the worker would deliver nothing. Add a consumer or name another sink.`,
  );

/** Delivers events: finds the consumers and runs a relay for each sink. Requires DatabaseModule. */
@Global()
@Module({
  imports: [DiscoveryModule, DatabaseAccessModule],
  providers: [{ provide: MODULE_OPTIONS_TOKEN, useValue: {} }, RelayService],
  exports: [RelayService],
})
export class RelayModule extends ConfigurableModuleClass {}
