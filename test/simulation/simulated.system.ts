import { setTimeout as pause } from 'node:timers/promises';
import { migrateSchema } from '../../apps/api/src/database/schema.js';
import { SesStub } from '../support/aws/ses.stub.js';
import { startDatabaseServer, type TestDatabaseServer } from '../support/database/database-server.js';
import { SessionProvider } from '../support/http/session-provider.js';
import { StripeStub } from '../support/http/stripe.stub.js';
import { WebhookReceiver } from '../support/http/webhook.receiver.js';
import { billingEnvironment } from '../support/system/billing.js';
import { providerSettings } from '../support/system/invitations.js';
import type { ServiceProcess } from '../support/system/service.process.js';
import { System } from '../support/system/system.js';
import type { Fault } from './day.program.js';

const LEADER_TIMEOUT_MS = 1_500;
const PROVIDER_FAULT_MS = 1_500;
const FREEZE_MS = 2_500; // longer than the leader timeout, shorter than a claim

/** Two apis and two workers with their database and the stubs of Stytch, Stripe and Amazon SES. */
export class SimulatedSystem {
  /** The times at which a worker was killed, in Unix milliseconds. */
  readonly workerKills: number[] = [];
  private apis: ServiceProcess[] = [];
  private workers: ServiceProcess[] = [];
  private turn = 0;

  private constructor(
    readonly system: System,
    private readonly database: TestDatabaseServer,
    readonly stytch: SessionProvider,
    readonly stripe: StripeStub,
    readonly ses: SesStub,
    readonly receiver: WebhookReceiver,
  ) {}

  static async start(): Promise<SimulatedSystem> {
    const [database, stytch, stripe, ses, receiver] = await Promise.all([
      startDatabaseServer({ migrate: migrateSchema }),
      SessionProvider.start(),
      StripeStub.start(),
      SesStub.start(),
      new WebhookReceiver().listen(),
    ]);
    const environment = {
      ...providerSettings(stytch),
      ...billingEnvironment(stripe),
      MAIL_TRANSPORT: 'ses',
      MAIL_FROM: 'Pikaia <no-reply@pikaia.example>',
      AWS_ENDPOINT_URL_SESV2: ses.url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      OUTBOX_LEADER_TIMEOUT_MS: String(LEADER_TIMEOUT_MS),
      OUTBOX_POLL_INTERVAL_MS: '200',
      RATE_LIMIT_WINDOW_SECONDS: '2',
      RATE_LIMIT_SESSION: '30',
      RATE_LIMIT_ORGANIZATION: '100',
    };
    const system = await System.start({ database, environment });
    const simulated = new SimulatedSystem(system, database, stytch, stripe, ses, receiver);
    const [api, worker] = await Promise.all([system.startApi(), system.startWorker()]);
    const [firstApi, firstWorker] = system.services;
    const isApi = firstApi!.startLine?.['event'] === 'api_started';
    simulated.apis = [isApi ? firstApi! : firstWorker!, api];
    simulated.workers = [isApi ? firstWorker! : firstApi!, worker];
    return simulated;
  }

  /** The port of an api that runs, in turn, as a load balancer chooses one. */
  get port(): number {
    const running = this.apis.filter(({ child }) => child.exitCode === null && child.signalCode === null);
    return (running[this.turn++ % running.length] ?? this.apis[0]!).port;
  }

  /** Causes a fault and ends it again. */
  async strike(fault: Fault, pick: number): Promise<void> {
    const index = Math.floor(pick * 2);
    switch (fault) {
      case 'an api is killed':
        return this.replaceApi(index);
      case 'a worker is killed':
        this.workerKills.push(Date.now());
        await this.workers[index]!.kill();
        this.workers[index] = await this.retryStart(() => this.system.startWorker());
        return;
      case 'a worker freezes':
        this.workers[index]!.freeze();
        await pause(FREEZE_MS);
        return this.workers[index]!.thaw();
      case 'the database restarts':
        return this.database.server.restart();
      case 'the database crashes':
        await this.database.server.kill();
        return this.database.server.start();
      case 'database sessions end':
        await this.system.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where usename in ('pikaia_api', 'pikaia_worker')`,
        );
        return;
      case 'Stripe is down':
        this.stripe.fault = 500;
        await pause(PROVIDER_FAULT_MS);
        this.stripe.fault = undefined;
        return;
      case 'Stripe is slow':
        return this.slow(this.stripe);
      case 'Stytch is down while an api starts': {
        this.stytch.fault = 'cut';
        const replaced = this.replaceApi(index);
        await Promise.all([replaced, pause(PROVIDER_FAULT_MS)]);
        this.stytch.fault = undefined;
        return;
      }
      case 'the mail provider is down':
        this.ses.fault = { status: 503, code: 'ServiceUnavailable' };
        await pause(PROVIDER_FAULT_MS);
        this.ses.fault = undefined;
        return;
      case 'the mail provider is slow':
        return this.slow(this.ses);
      case 'the receivers of webhooks are down':
        this.receiver.fault = 503;
        await pause(PROVIDER_FAULT_MS);
        this.receiver.fault = undefined;
        return;
    }
  }

  async stop(): Promise<void> {
    await this.system.stop();
    await Promise.all([this.stytch.stop(), this.stripe.stop(), this.ses.stop(), this.receiver.stop()]);
  }

  private async slow(stub: StripeStub | SesStub): Promise<void> {
    stub.delayMs = 300;
    await pause(PROVIDER_FAULT_MS);
    stub.delayMs = 0;
  }

  private async replaceApi(index: number): Promise<void> {
    await this.apis[index]!.kill();
    this.apis[index] = await this.retryStart(() => this.system.startApi());
  }

  /** Starts a process, as a supervisor does: again if it ends at once. */
  private async retryStart(start: () => Promise<ServiceProcess>): Promise<ServiceProcess> {
    for (let attempts = 1; ; attempts++) {
      try {
        return await start();
      } catch (error) {
        if (attempts === 3) throw error;
      }
    }
  }
}
