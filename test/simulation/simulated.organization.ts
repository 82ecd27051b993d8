import type { SessionProvider } from '../support/http/session-provider.js';
import type { SesStub } from '../support/aws/ses.stub.js';
import type { StripeStub, SubscriptionFields } from '../support/http/stripe.stub.js';
import { waitFor } from '../support/time/wait-for.js';
import type { WebhookReceiver } from '../support/http/webhook.receiver.js';
import type { Step } from './day.program.js';
import type { RegisteredEndpoint } from './evidence.js';
import type { RecordedClient } from './recorded.client.js';
import type { WebhookMailbox } from './webhook.mailbox.js';

const EMAIL_TIMEOUT_MS = 3_000;

/** The client and the providers that the organizations share. */
export interface World {
  readonly seed: number;
  readonly client: RecordedClient;
  readonly mailbox: WebhookMailbox;
  readonly stytch: SessionProvider;
  readonly stripe: StripeStub;
  readonly ses: SesStub;
  readonly receiver: WebhookReceiver;
  readonly organizations: SimulatedOrganization[];
}

/** A member as `GET /members` shows it. */
export interface ListedMember {
  readonly id: string;
  readonly email: string;
  readonly role: 'member' | 'admin';
  readonly status: 'invited' | 'active';
}

/** A person's account at Stytch in one organization. */
export interface Account {
  readonly subject: string;
  readonly email: string;
  role: 'member' | 'admin';
  /** False until Stytch has told the api of the account. */
  isReported: boolean;
  isDeleted: boolean;
}

/** The end of the marks of a day. */
export const markEnd = (seed: number): string => `q${seed.toString(36)}z`;

/** The text that occurs in every id, name and address of one organization, and in no other. */
export const MARK = /org\d+q[0-9a-z]+z/g;

/** An organization with its people, their accounts at Stytch and its subscription at Stripe. */
export class SimulatedOrganization {
  readonly mark: string;
  readonly providerId: string;
  readonly customer: string;
  readonly accounts: Account[] = [];
  /** The id here. Empty until the organization is created. */
  id = '';
  /** The ids of its subscriptions at Stripe, the newest last. */
  readonly subscriptions: string[] = [];
  readonly endpoints: RegisteredEndpoint[] = [];
  readonly subscriptionFields = new Map<string, SubscriptionFields>();
  private readonly tokens = new Map<string, Promise<string>>();
  private known: readonly ListedMember[] = [];
  private clock = 0;

  constructor(
    readonly world: World,
    readonly index: number,
  ) {
    this.mark = `org${index}${markEnd(world.seed)}`;
    this.providerId = `organization-test-${this.mark}`;
    this.customer = `cus_${this.mark}`;
  }

  /** Creates the organization with its first admin. Repeats it until it exists. */
  async create(step: Step): Promise<void> {
    const founder = this.addAccount(`founder@${this.mark}.example`, 'admin');
    const keyed: Step = step.manner === 'without a key' ? { ...step, manner: 'with a key' } : step;
    const { status, body } = await this.world.client.change({
      step: keyed,
      token: await this.token(founder),
      method: 'POST',
      path: '/organizations',
      body: { name: `The ${this.mark} company`, slug: this.mark },
    });
    if (status !== 201) throw new Error(`POST /organizations: ${status}`);
    this.id = String(body['id']);
    this.known = [{ id: '', email: founder.email, role: 'admin', status: 'active' }];
  }

  /** The ids of the members that were listed last. */
  get memberIds(): string[] {
    return this.known.map(({ id }) => id).filter((id) => id !== '');
  }

  addAccount(email: string, role: Account['role']): Account {
    const subject = `member-test-${this.mark}-${this.accounts.length}`;
    const account = { subject, email, role, isReported: false, isDeleted: false };
    this.accounts.push(account);
    return account;
  }

  /** The account with which a person signs in. */
  accountOf(email: string): Account | undefined {
    return this.accounts.findLast((account) => account.email === email && !account.isDeleted);
  }

  token({ subject, email }: Account): Promise<string> {
    let token = this.tokens.get(subject);
    if (!token) {
      token = this.world.stytch.sign(subject, { organization: this.providerId, email, expires: 3_600 });
      this.tokens.set(subject, token);
    }
    return token;
  }

  /** Lists the members as one of the admins. Undefined if nobody is admitted as an admin. */
  async members(step: Step): Promise<{ readonly admin: Account; readonly members: readonly ListedMember[] } | undefined> {
    for (const admin of this.activeAccounts(this.known, 'admin', step.picks[0])) {
      const { status, body } = await this.world.client.read({ step, token: await this.token(admin), path: '/members?limit=100' });
      if (status !== 200) continue;
      this.known = body['data'] as ListedMember[];
      return { admin, members: this.known };
    }
    return undefined;
  }

  /** The accounts of the active members, beginning with one that `pick` chooses. */
  activeAccounts(members: readonly ListedMember[], role: Account['role'] | undefined, pick: number): Account[] {
    const accounts = members
      .filter((member) => member.status === 'active' && (role === undefined || member.role === role))
      .flatMap(({ email }) => this.accountOf(email) ?? []);
    const first = Math.floor(pick * accounts.length);
    return [...accounts.slice(first), ...accounts.slice(0, first)];
  }

  /** Reads the token of the newest email to an address. Undefined if the email does not arrive soon. */
  async invitationToken(email: string): Promise<string | undefined> {
    const newest = () =>
      this.world.ses.emails
        .map(({ raw }) => decodeEmail(raw))
        .findLast((text) => text.includes(`To: ${email}`) || text.includes(`<${email}>`));
    const text = await waitFor('the email', newest, EMAIL_TIMEOUT_MS).catch(() => undefined);
    return text && /accept\?token=([\w-]+\.[\w-]+\.[\w-]+)/.exec(text)?.[1];
  }

  /** The time of a change at a provider, in microseconds. Each is later than the one before. */
  tick(): number {
    this.clock = Math.max(this.clock + 1, Date.now() * 1_000);
    return this.clock;
  }
}

/** Decodes quoted-printable, which nodemailer uses for long lines. */
export const decodeEmail = (raw: string): string =>
  raw.replaceAll('=\r\n', '').replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
