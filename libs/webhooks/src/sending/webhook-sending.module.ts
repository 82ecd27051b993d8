import {
  type BeforeApplicationShutdown,
  ConfigurableModuleBuilder,
  Global,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { newId, systemClock } from '@pikaia/core';
import { DATA_SOURCE, DatabaseAccessModule } from '@pikaia/database';
import { hostname } from 'node:os';
import type { DataSource } from 'typeorm';
import { SecretCipher } from '../endpoint/secret.cipher.js';
import { DeliverySignal } from '../fan-out/delivery.signal.js';
import { GuardedPost } from '../http/guarded.post.js';
import { DeliverySender } from './delivery.sender.js';
import { DeliveryStore } from './delivery.store.js';
import { EndpointDisabler } from './endpoint.disabler.js';
import { SendingLoop } from './sending.loop.js';
import { WebhookSendingSettings } from './sending.settings.js';

const RECORD_TIME_MS = 45_000; // the part of a claim in which the result can be recorded
const DRAIN_MS = 7_000; // runService ends the process after ten seconds
const MAX_PER_ENDPOINT = 5;
const MAX_PER_ORGANIZATION = 20;

/** Sends the stored deliveries while the application runs. */
@Injectable()
export class WebhookSending implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: SendingLoop;
  private stopping: Promise<void> | undefined;

  constructor(
    @Inject(WebhookSendingSettings) settings: WebhookSendingSettings,
    @Inject(DATA_SOURCE) source: DataSource,
    disabler: EndpointDisabler,
    private readonly signal: DeliverySignal,
  ) {
    const clock = systemClock;
    const claimMs = settings.webhookTimeoutMs + RECORD_TIME_MS;
    const store = new DeliveryStore(source, {
      worker: `${hostname()}:${process.pid}:${newId().slice(-12)}`,
      claimMs,
      maxPerEndpoint: MAX_PER_ENDPOINT,
      maxPerOrganization: MAX_PER_ORGANIZATION,
    });
    const post = new GuardedPost({
      allowedNetworks: settings.allowedNetworks,
      allowHttp: settings.allowsHttp,
      timeoutMs: settings.webhookTimeoutMs,
    });
    const cipher = new SecretCipher(settings.secretKeys);
    const sender = new DeliverySender({ post, cipher, store, disabler, clock, random: Math.random, claimMs });
    this.loop = new SendingLoop({ store, sender, concurrency: settings.webhookConcurrency, clock });
  }

  onApplicationBootstrap(): void {
    this.signal.listen(() => this.loop.wake());
    this.loop.start();
  }

  /** Begins to stop, so that the attempts in flight end while other parts of the process stop. */
  stop(): Promise<void> {
    this.stopping ??= this.loop.stop(DRAIN_MS);
    return this.stopping;
  }

  /** Waits for the attempts in flight before the data source closes. */
  beforeApplicationShutdown(): Promise<void> {
    return this.stop();
  }
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<WebhookSendingSettings>()
  .setClassMethodName('forRoot')
  .build();

/** Sends webhooks. Requires DatabaseModule with the entity `WebhookEndpoint`, EventsModule and AuditModule. */
@Global()
@Module({
  imports: [DatabaseAccessModule],
  providers: [
    { provide: WebhookSendingSettings, useExisting: MODULE_OPTIONS_TOKEN },
    DeliverySignal,
    EndpointDisabler,
    WebhookSending,
  ],
  exports: [DeliverySignal, WebhookSending],
})
export class WebhookSendingModule extends ConfigurableModuleClass {}
