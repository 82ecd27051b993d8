import {
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { type Clock, PikaiaError, systemClock } from '@pikaia/core';
import { hostname } from 'node:os';
import { DataSource } from 'typeorm';
import { defineConsumers } from '../consume/consumer.definition.js';
import { ConsumerRunner } from '../consume/consumer.runner.js';
import { Receipts } from '../consume/receipts.js';
import { HousekeepingLoop } from './housekeeping.loop.js';
import type { RelayHealth } from '../leader/sink.relay.js';
import type { LeaderlessSink } from './sink.monitor.js';
import { RelaySupervisor } from './relay.supervisor.js';
import { retentionOf, type OutboxSettings } from './outbox.settings.js';
import { chooseSinks, type SinkFactory } from './choose-sinks.js';
import type { EventBridgeSettings } from '../sinks/eventbridge/eventbridge.settings.js';
import { loadEventBridgeSinks } from './load-eventbridge-sinks.js';
import { LocalSink } from '../sinks/local/local.sink.js';

export interface RelayModuleOptions {
  readonly settings: OutboxSettings;
  /** The worker's direct connection string. */
  readonly databaseUrl: string;
  readonly clock?: Clock;
  /** What the sink `eventbridge` needs, where EVENT_SINKS names it. */
  readonly eventBridge?: EventBridgeSettings;
  /** Sinks beside `local` and `eventbridge`, by the name that EVENT_SINKS calls them. */
  readonly sinks?: Readonly<Record<string, SinkFactory>>;
  /** Called when a relay cannot go on: end the process. It has been logged. */
  readonly onFatal?: (error: PikaiaError) => void;
}

const OPTIONS = Symbol('pikaia.relay');

/** The relays of this process, made when the application starts: every provider with `@Consumer` is found by then. */
@Injectable()
export class RelayService implements OnApplicationBootstrap, OnModuleDestroy {
  private supervisor: RelaySupervisor | undefined;
  private housekeeping: HousekeepingLoop | undefined;

  constructor(
    @Inject(OPTIONS) private readonly options: RelayModuleOptions,
    private readonly discovery: DiscoveryService,
    private readonly source: DataSource,
  ) {}

  /**
   * @throws PikaiaError `PIKAIA_CONSUMER_INVALID`, `PIKAIA_EVENT_SINK_UNKNOWN`, `PIKAIA_EVENT_SINKS_EMPTY`,
   * `PIKAIA_OUTBOX_RESTORED`, `PIKAIA_SINK_DESTINATION_MISSING`, `PIKAIA_EVENT_BUS_UNSET`, `PIKAIA_EVENT_BUS_SDK_MISSING`.
   */
  async onApplicationBootstrap(): Promise<void> {
    const { settings, databaseUrl, clock = systemClock, sinks = {}, eventBridge, onFatal } = this.options;
    const retention = retentionOf(settings);
    const factories = { local: () => this.localSinks(), eventbridge: () => loadEventBridgeSinks(eventBridge), ...sinks };
    const chosen = await chooseSinks(settings.eventSinks, factories);
    if (!chosen.length) throw noSinksError(settings.eventSinks);
    this.supervisor = new RelaySupervisor(chosen, {
      url: databaseUrl,
      worker: `${hostname()}:${process.pid}`,
      pollIntervalMs: settings.outboxPollIntervalMs,
      storeIntervalMs: settings.outboxStoreIntervalMs,
      leaderTimeoutMs: settings.outboxLeaderTimeoutMs,
      failedRetentionMs: retention.failedMs,
      expiryIntervalMs: settings.outboxHousekeepingIntervalMs,
      leaderlessAlarmMs: settings.outboxLeaderlessAlarmMs,
      stalledAfterMs: settings.outboxStalledAfterMs,
      clock,
      ...(onFatal ? { onFatal } : {}),
    });
    await this.supervisor.start();
    const intervalMs = settings.outboxHousekeepingIntervalMs;
    this.housekeeping = new HousekeepingLoop({ url: databaseUrl, retention, intervalMs, clock });
    this.housekeeping.start();
  }

  /** Finishes what is in hand before the data source goes. */
  async onModuleDestroy(): Promise<void> {
    await Promise.all([this.supervisor?.stop(), this.housekeeping?.stop()]);
  }

  /** What each sink's relay does in this process, for readiness. Asks nobody. */
  health(): RelayHealth[] {
    return this.supervisor?.health() ?? [];
  }

  /** Sinks of the database that nobody has led for a while. Asks nobody. */
  leaderless(): LeaderlessSink[] {
    return this.supervisor?.leaderless() ?? [];
  }

  private localSinks(): LocalSink[] {
    const instances = this.discovery.getProviders().map(({ instance }) => instance as unknown);
    const receipts = new Receipts(this.source);
    return defineConsumers(instances.filter((instance) => typeof instance === 'object' && instance !== null)).map(
      (consumer) => new LocalSink(new ConsumerRunner(consumer, receipts)),
    );
  }
}

const noSinksError = (names: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_EVENT_SINKS_EMPTY',
    `EVENT_SINKS is "${names}", and there is no sink behind it: no provider of this application has @Consumer. Add one, or name another sink; a worker without sinks would deliver nothing.`,
  );

/** The delivering side: finds the consumers and runs a relay for each sink. It needs DatabaseModule beside it. */
@Module({})
export class RelayModule {
  static forRoot(options: RelayModuleOptions): DynamicModule {
    return {
      module: RelayModule,
      global: true,
      imports: [DiscoveryModule],
      providers: [{ provide: OPTIONS, useValue: options }, RelayService],
      exports: [RelayService],
    };
  }
}
