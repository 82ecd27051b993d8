import { createHash, randomUUID } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OutboxStatus } from '@pikaia/events';
import type { Client } from 'pg';
import { issueSession } from '../explain/viewer.ts';
import { varDirectory } from '../start/folders.ts';
import { newestInvitation } from '../token/newest-invitation.ts';
import type { WebhookReceiver } from './webhook.receiver.ts';

const SETTLE_TIMEOUT_MS = 20_000;
const POLL_INTERVAL_MS = 10;
const POLL_COMMAND_INTERVAL_MS = 50;
const DAY_MS = 86_400_000;
const START = Date.now(); // the days of the story do not change while it is played, also at midnight
// The relay retries within a time that doubles with each attempt. A little more than that time, the retry is due.
const FIRST_RETRY_DELAY_MS = 600;
const MAX_RETRY_DELAY_MS = 5 * 60_000;
const MAIL = join(varDirectory, 'mail');
const KEPT_MAIL = join(varDirectory, 'mail.kept');
/** Wakes the relays, as the api does after each commit: they look at their retries by the new time. */
const WAKE = `select pg_notify('pikaia_outbox', '')`;
// Index: webhook_delivery_pending. Locks: none. $1 correlation id.
const PENDING_WEBHOOKS = `
  select count(*)::int as pending from webhook_delivery
  where status = 'pending' and (correlation_id is distinct from $1 or attempts = 0)`;
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** What the player needs from the running system. */
export interface Stage {
  readonly apiUrl: string;
  readonly ownerUrl: string;
  readonly client: Client;
  readonly status: Pick<OutboxStatus, 'sinks'>;
  readonly receiver: WebhookReceiver;
  /** Moves the clocks of the database, the api and the worker to this distance from the system clock. */
  setShift(milliseconds: number): Promise<void>;
  /** Aborts when the start is stopped. */
  readonly signal: AbortSignal;
}

export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** That of the next request of the story by default. */
  readonly correlationId?: string;
}

export interface StoryResponse {
  readonly correlationId: string;
  readonly body: { readonly [field: string]: unknown };
}

/** Carries out the story: moves the clocks, sends the requests of its people and waits for their consequences. */
export class WeekPlayer {
  readonly #stage: Stage;
  readonly #sessions = new Map<string, string>();
  #day = '';
  #shiftMs: number;
  #requests = 0;

  /** @param shiftMs where the clocks are. */
  constructor(stage: Stage, shiftMs: number) {
    this.#stage = stage;
    this.#shiftMs = shiftMs;
  }

  /** The time of the story. */
  get now(): Date {
    return new Date(Date.now() + this.#shiftMs);
  }

  /** Moves the clocks to a time of day (UTC) of an earlier day. They never go back. */
  async at(daysAgo: number, time: string): Promise<void> {
    await this.#moveTo(timeOf(daysAgo, time));
  }

  async minutesAgo(minutes: number): Promise<void> {
    await this.#moveTo(START - minutes * 60_000);
  }

  /**
   * Sends a request as a person, who signs in once a day, and waits until the sinks have received its events.
   *
   * @param request method and path, such as `PATCH members/1`.
   * @throws Error if the response has another status than `status`.
   */
  async request(email: string, request: string, status: number, body?: object): Promise<StoryResponse> {
    const [method, path] = request.split(' ') as [string, string];
    const headers = { ...(await this.#headers(email)), ...(body && { 'content-type': 'application/json' }) };
    return this.send({ method, path, status, headers, body: body && JSON.stringify(body) });
  }

  /** Sends a command to the outbox as an operator, who looks at it until it is done. */
  async command(email: string, request: string, body?: object): Promise<void> {
    const { body: command } = await this.request(email, request, 202, body);
    await this.#until(async () => {
      await sleep(POLL_COMMAND_INTERVAL_MS, undefined, { signal: this.#stage.signal });
      const path = `admin/outbox/commands/${String(command['id'])}`;
      const headers = await this.#headers(email);
      const correlationId = randomUUID(); // how often it looks depends on the machine, and must not change the ids of the story
      const { body: seen } = await this.send({ method: 'GET', path, status: 200, headers, body: undefined, correlationId });
      return seen['status'] === 'done';
    });
    await this.#settle();
  }

  /** Sends any request; see `request`. */
  async send({ method, path, status, headers, body, ...options }: SentRequest): Promise<StoryResponse> {
    const { apiUrl, signal } = this.#stage;
    signal.throwIfAborted();
    const correlationId = options.correlationId ?? idOf(++this.#requests);
    const response = await fetch(`${apiUrl}/api/v1/${path}`, {
      method,
      headers: { ...headers, 'x-correlation-id': correlationId },
      signal,
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    if (response.status !== status)
      throw new Error(`${method} ${path} is expected to respond ${status}, and responded ${response.status}: ${text}`);
    if (method !== 'GET' && status < 400) await this.#settle();
    return { correlationId, body: text.startsWith('{') ? (JSON.parse(text) as StoryResponse['body']) : { text } };
  }

  /** Accepts the newest invitation to a person with the token of the email. */
  accept(email: string, status = 200, token = this.invitation(email)): Promise<StoryResponse> {
    return this.request(email, 'POST members/invitations/accept', status, { token });
  }

  /** The token of the newest email that invites the person. */
  invitation(email: string): string {
    const token = newestInvitation(MAIL, email);
    if (token === undefined) throw new Error(`There is no email that invites ${email}.`);
    return token;
  }

  /** Reads one row of the database as the owner, such as an id at a provider. */
  async find<Row>(sql: string, values: readonly unknown[]): Promise<Row> {
    const { rows } = await this.#stage.client.query<Record<string, unknown>>(sql, [...values]);
    if (!rows[0]) throw new Error(`A row is missing: ${sql.trim()}`);
    return rows[0] as Row;
  }

  /** Puts a file in the place of the folder of emails, so that each attempt to write one fails. */
  breakMail(): void {
    renameSync(MAIL, KEPT_MAIL);
    writeFileSync(MAIL, 'A file has replaced the folder of emails.\n');
  }

  repairMail(): void {
    rmSync(MAIL);
    renameSync(KEPT_MAIL, MAIL);
  }

  /** Moves the clocks from retry to retry, until no delivery is retried any more or `attempts` have failed. */
  async retry(eventsOf: string, attempts = Infinity): Promise<void> {
    const sql = `select event_id as id, status, attempts from events_outboxevent where correlation_id = $1`;
    for (;;) {
      const event = await this.find<{ id: string; status: string; attempts: number }>(sql, [eventsOf]);
      if (event.status !== 'retrying' || event.attempts >= attempts) return;
      await this.#moveTo(this.now.getTime() + Math.min(FIRST_RETRY_DELAY_MS * 2 ** event.attempts, MAX_RETRY_DELAY_MS));
      await this.#stage.client.query(WAKE);
      await this.#until(async () => {
        const { status, attempts: made } = await this.find<typeof event>(sql, [eventsOf]);
        return status !== 'retrying' || made > event.attempts;
      });
    }
  }

  get receiver(): WebhookReceiver {
    return this.#stage.receiver;
  }

  /** Waits until no delivery of a webhook is pending, except those of the request `retried` that have failed and wait for a retry. */
  async webhooksSettled(retried?: string): Promise<void> {
    await this.#until(async () => {
      const { pending } = await this.find<{ pending: number }>(PENDING_WEBHOOKS, [retried ?? null]);
      return pending === 0;
    });
  }

  /** Waits until every sink has received everything, except a paused one. The log sink counts too: its lines have times. */
  #settle(): Promise<void> {
    return this.#until(async () => {
      const sinks = await this.#stage.status.sinks();
      return sinks.every(({ state, backlog }) => state !== 'active' || backlog === 0);
    });
  }

  async #until(isReached: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + SETTLE_TIMEOUT_MS;
    while (!(await isReached())) {
      if (performance.now() > deadline)
        throw new Error(`The worker has not finished a step of ${this.now.toISOString()} after ${SETTLE_TIMEOUT_MS / 1000} s.`);
      await sleep(POLL_INTERVAL_MS, undefined, { signal: this.#stage.signal });
    }
  }

  async #moveTo(time: number): Promise<void> {
    this.#shiftMs = Math.max(this.#shiftMs, time - Date.now());
    await this.#stage.setShift(this.#shiftMs);
    const day = this.now.toISOString().slice(0, 10);
    if (day !== this.#day) this.#sessions.clear();
    this.#day = day;
  }

  async #headers(email: string): Promise<Record<string, string>> {
    return { authorization: `Bearer ${await this.#session(email)}`, 'user-agent': AGENT };
  }

  async #session(email: string): Promise<string> {
    const known = this.#sessions.get(email);
    if (known) return known;
    const { ownerUrl, client } = this.#stage;
    const session = await issueSession(ownerUrl, { email, startedAt: this.now, client });
    this.#sessions.set(email, session);
    return session;
  }
}

/** A time of day (UTC) of an earlier day, in milliseconds since 1970. */
export const timeOf = (daysAgo: number, time: string): number =>
  Math.floor(START / DAY_MS - daysAgo) * DAY_MS + Date.parse(`1970-01-01T${time}Z`);

/** The correlation id of the nth request, the same in every folder. */
function idOf(number: number): string {
  const hex = createHash('sha256').update(`seeded week ${number}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
