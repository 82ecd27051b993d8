import { Injectable } from '@nestjs/common';
import { clientNetwork, context, type Clock } from '@pikaia/core';
import { getLogger, metric } from '@pikaia/logging';
import type { FastifyReply } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import { apiMetrics } from '../api.metrics.js';
import type { Session } from '../authentication/session-verifier.js';
import { Problem } from '../errors/problem.js';
import type { ServerSettings } from '../server/server.settings.js';
import type { AddressLimitName } from './address-limit.decorator.js';
import { DatabaseLimiter } from './database.limiter.js';
import { MemoryLimiter } from './memory.limiter.js';
import { consume, type Count, type Quota } from './quota.js';
import { SharedLimit } from './shared.limit.js';

const REFUSED_TOKEN_REQUESTS = 20; // a refused token counts as this number of requests, because it may be guessed
const MAX_REPORTED_KEYS = 1_000;

const logger = getLogger('rate_limits');

/** Who a limit counts, in words for the caller. */
const SUBJECTS = {
  address: 'this client address',
  webhook: 'this client address',
  session: 'this user',
  organization: 'this organization',
} as const;
type LimitName = keyof typeof SUBJECTS;

/** A limit that a request meets: its name in headers and metrics, and how it counts a key. */
interface Limit {
  readonly name: LimitName;
  readonly quota: Quota;
  count(key: string): Promise<Count>;
}

/**
 * Counts requests by client address, by member or operator, and by organization. Each count adds its limit to the headers
 * `RateLimit-Policy` and `RateLimit` of the response.
 *
 * @throws Problem 429 from each `count` method if a limit is reached.
 */
@Injectable()
export class RateLimits {
  private readonly addresses: Partial<Record<AddressLimitName, Limit & { readonly limiter: MemoryLimiter }>>;
  private readonly sessions: Limit | undefined;
  private readonly organizations: Limit | undefined;
  /** The keys whose first refusal in the window is logged. The others are lines of the access log only. */
  private readonly reported: LRUCache<string, true>;

  constructor(settings: ServerSettings, source: DataSource, clock: Clock) {
    const { rateLimitWindowSeconds: windowSeconds } = settings;
    const inMemory = (name: LimitName, requests: number) => {
      if (requests === 0) return undefined;
      const quota = { requests, windowSeconds };
      const limiter = new MemoryLimiter(quota, clock);
      return { name, quota, limiter, count: (key: string) => consume(limiter, key) };
    };
    const inDatabase = (name: LimitName, requests: number) => {
      if (requests === 0) return undefined;
      const quota = { requests, windowSeconds };
      const limit = new SharedLimit(new DatabaseLimiter(quota, clock, source), quota, clock);
      return { name, quota, count: (key: string) => limit.count(key) };
    };
    this.addresses = {
      address: inMemory('address', settings.rateLimitAddress),
      webhook: inMemory('webhook', settings.rateLimitWebhook),
    };
    this.sessions = inMemory('session', settings.rateLimitSession);
    this.organizations = inDatabase('organization', settings.rateLimitOrganization);
    const perf = { now: () => clock.monotonic() };
    this.reported = new LRUCache({ max: MAX_REPORTED_KEYS, ttl: windowSeconds * 1_000, ttlResolution: 0, perf });
  }

  /** Counts the request for the client address of the context. */
  async countAddress(name: AddressLimitName, reply: FastifyReply): Promise<void> {
    await this.admit(this.addresses[name], addressKey(), reply);
  }

  /** Counts a refused session token for the client address, in addition to its request. The request itself is not refused. */
  async countRefusedToken(): Promise<void> {
    await this.addresses.address?.limiter.penalty(addressKey(), REFUSED_TOKEN_REQUESTS - 1);
  }

  /** Counts the request for the person who signed in, whatever the number of the person's sessions and tokens. */
  async countSession(session: Session, reply: FastifyReply): Promise<void> {
    const organization = session.kind === 'member' ? session.organization : '';
    await this.admit(this.sessions, `${session.kind} ${organization} ${session.subject}`, reply, {
      'session.subject': session.subject,
    });
  }

  /** Counts the request for an organization, in all processes. */
  async countOrganization(organizationId: string, reply: FastifyReply): Promise<void> {
    await this.admit(this.organizations, organizationId, reply);
  }

  private async admit(limit: Limit | undefined, key: string, reply: FastifyReply, fields: object = {}): Promise<void> {
    if (!limit) return;
    const { name, quota } = limit;
    const { allowed, remaining, resetMs } = await limit.count(key);
    const seconds = Math.max(1, Math.ceil(resetMs / 1_000));
    addListItem(reply, 'ratelimit-policy', `"${name}";q=${quota.requests};w=${quota.windowSeconds}`);
    addListItem(reply, 'ratelimit', `"${name}";r=${remaining};t=${seconds}`);
    if (allowed) return;
    metric(apiMetrics.rateLimited, 1, { limit: name });
    if (!this.reported.has(`${name} ${key}`)) {
      this.reported.set(`${name} ${key}`, true);
      logger.warning('rate_limit_reached', { 'limit.name': name, 'limit.requests': quota.requests, ...fields });
    }
    throw Problem.rateLimited(
      name,
      `The limit of ${quota.requests} requests in ${quota.windowSeconds} seconds for ${SUBJECTS[name]} is reached. Try again in ${seconds} seconds.`,
      seconds,
    );
  }
}

/** The key of the client address of the context. Requests whose forwarded address is not an address share one key. */
function addressKey(): string {
  const address = context.current?.request?.clientAddress ?? null;
  return address === null ? 'unknown' : clientNetwork(address);
}

function addListItem(reply: FastifyReply, header: string, item: string): void {
  const list = reply.getHeader(header);
  void reply.header(header, list === undefined ? item : `${String(list)}, ${item}`);
}
