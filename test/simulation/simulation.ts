import type { ApiResponse } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';
import { planDay, timeOf, type DayProgram, type DaySize, type Step } from './day.program.js';
import { readStoredEvidence, type Evidence, type ReadModel } from './evidence.js';
import { ENDPOINT_ACTIONS } from './endpoint.actions.js';
import { MEMBER_ACTIONS, type OrganizationAction } from './member.actions.js';
import { PROVIDER_ACTIONS } from './provider.actions.js';
import { RecordedClient } from './recorded.client.js';
import { markEnd, SimulatedOrganization, type World } from './simulated.organization.js';
import type { SimulatedSystem } from './simulated.system.js';
import { WebhookMailbox } from './webhook.mailbox.js';

const CONCURRENT_STEPS = 8;
const QUIET_TIMEOUT_MS = 180_000; // a claim of a killed worker is taken over after forty seconds
const ACTIONS: Readonly<Record<string, OrganizationAction>> = { ...MEMBER_ACTIONS, ...ENDPOINT_ACTIONS, ...PROVIDER_ACTIONS };
const OPERATOR = { subject: 'operator-test-simulation', organization: 'organization-test-operators' };
const READ_MODELS = { permissions_cache: 'permissions-cache', billing_dashboard: 'billing-dashboard' };

/** A day of many organizations on a running system. */
export class Simulation {
  readonly program: DayProgram;
  readonly durations: Record<'day' | 'quiet' | 'replays', number> = { day: 0, quiet: 0, replays: 0 };
  private readonly world: World;

  private readonly startedAt = Date.now();

  constructor(
    private readonly simulated: SimulatedSystem,
    size: DaySize,
    private readonly print: (line: string) => void = () => undefined,
  ) {
    this.program = planDay(size);
    const client = new RecordedClient(simulated);
    const { stytch, stripe, ses, receiver } = simulated;
    const mailbox = new WebhookMailbox(client);
    this.world = { seed: size.seed, client, mailbox, stytch, stripe, ses, receiver, organizations: [] };
    for (let index = 0; index < size.organizations; index++)
      this.world.organizations.push(new SimulatedOrganization(this.world, index));
  }

  /** A pattern of the slugs of the organizations. */
  get slugs(): string {
    return `%${markEnd(this.program.seed)}`;
  }

  /** Runs the day until the system is quiet. */
  async run(): Promise<void> {
    await this.timed('day', async () => {
      await this.takeSteps();
      await this.world.mailbox.deliverAll();
    });
    await this.timed('quiet', () => this.waitUntilQuiet());
  }

  /** Rebuilds the read models by replays, and reads everything that the day has left. */
  async collect(): Promise<Evidence> {
    const { simulated, world } = this;
    const { system } = simulated;
    const stored = await readStoredEvidence((sql, values) => system.query(sql, values), this.slugs);
    const readModels: ReadModel[] = [];
    await this.timed('replays', async () => {
      for (const [table, consumer] of Object.entries(READ_MODELS)) readModels.push(await this.rebuild(table, consumer));
    });
    return {
      ...stored,
      readModels,
      tenants: world.organizations.map(({ index, id, mark }) => ({ index, id, mark })),
      calls: world.client.calls,
      emails: world.ses.emails.filter(({ sentAt }) => sentAt >= this.startedAt),
      lines: system.lines.filter(({ timestamp }) => Date.parse(String(timestamp)) >= this.startedAt),
      otherOutput: system.services.flatMap(({ nonJsonLines }) => nonJsonLines),
      workerKills: simulated.workerKills,
      endpoints: world.organizations.flatMap(({ endpoints }) => endpoints),
      received: world.receiver.received.filter(({ path }) => path.includes(markEnd(this.program.seed))),
      deletedAccounts: world.organizations.flatMap(({ accounts }) =>
        accounts.filter(({ isDeleted }) => isDeleted).map(({ subject }) => subject),
      ),
      subscriptions: new Map([...world.stripe.subscriptions].filter(([id]) => id.includes(markEnd(this.program.seed)))),
    };
  }

  /** Takes the steps in the order of the day, several at a time, those of one organization in turn. */
  private async takeSteps(): Promise<void> {
    const { steps, faults } = this.program;
    const turns = new Map<number, Promise<void>>();
    const running = new Set<Promise<void>>();
    let fault = Promise.resolve();
    for (const step of steps) {
      for (const planned of faults.filter((one) => one.step === step.number)) {
        await fault; // the steps until the next fault are taken during this one
        this.print(`${timeOf(step)}  ${planned.fault}`);
        fault = this.simulated.strike(planned.fault, planned.pick);
        fault.catch(() => undefined); // awaited below
      }
      while (running.size >= CONCURRENT_STEPS) await Promise.race(running);
      const turn = (turns.get(step.organization) ?? Promise.resolve()).then(() => this.take(step));
      turns.set(step.organization, turn);
      running.add(turn);
      void turn.finally(() => running.delete(turn)).catch(() => undefined);
    }
    await Promise.all([fault, ...turns.values()]);
  }

  private async take(step: Step): Promise<void> {
    const organization = this.world.organizations[step.organization]!;
    if (step.action === 'is created') return organization.create(step);
    const situation = await organization.members(step);
    if (situation) await ACTIONS[step.action]!(organization, { step, ...situation });
    await this.world.mailbox.deliverLate(step.picks[2]);
  }

  private waitUntilQuiet(): Promise<true> {
    const { system } = this.simulated;
    let open: object[] = [];
    return waitFor(
      'the system is quiet',
      async () => {
        open = await system.query(
          `select e.event_type, s.status, s.last_error from outbox.outbox_log e
           left join lateral outbox.state_of(e.event_id, e.event_type, e.position, e.txid) s on true
           where s.status not in ('published', 'not_wanted')
           union all select consumer, state, null from outbox.consumer_receipt where state <> 'done'
           union all select event_type, status, null from webhook_delivery where status not in ('delivered', 'canceled')`,
        );
        return open.length === 0;
      },
      QUIET_TIMEOUT_MS,
      () => JSON.stringify(open.slice(0, 5)),
    );
  }

  /** Replays all events into the empty table. */
  private async rebuild(table: string, consumer: string): Promise<ReadModel> {
    const { system } = this.simulated;
    const read = async () =>
      (await system.query<{ text: string }>(`select t::text as text from ${table} t order by 1`)).map(({ text }) => text);
    const rows = await read();
    await system.query(`delete from ${table}`);
    const body = { sink: `local/${consumer}`, dry_run: false, filter: { from: '2020-01-01T00:00:00Z' } };
    const asked = await this.asOperator('POST', '/admin/events/replay', body);
    if (asked.status !== 202) throw new Error(`The replay of ${consumer}: ${asked.status} ${JSON.stringify(asked.body)}`);
    const path = `/admin/outbox/commands/${String(asked.body['id'])}`;
    await waitFor('the replay', async () => (await this.asOperator('GET', path)).body['status'] === 'done', QUIET_TIMEOUT_MS);
    return { name: table, rows, rebuilt: await read() };
  }

  private async asOperator(method: string, path: string, body?: object): Promise<ApiResponse> {
    const { system, stytch, port } = this.simulated;
    await system.query(`update organizations_user set provider_id = '${OPERATOR.subject}' where operator`);
    const token = await stytch.sign(OPERATOR.subject, { organization: OPERATOR.organization });
    return system.request(method, path, { port, headers: { authorization: `Bearer ${token}` }, ...(body && { body }) });
  }

  private async timed(what: keyof Simulation['durations'], work: () => Promise<unknown>): Promise<void> {
    const startedAt = performance.now();
    await work();
    this.durations[what] = performance.now() - startedAt;
  }
}
