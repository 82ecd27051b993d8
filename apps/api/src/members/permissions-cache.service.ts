import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Role } from '@pikaia/contracts';
import { queryJsonRows } from '@pikaia/database';
import { Outbox } from '@pikaia/events';
import { DataSource } from 'typeorm';
import { Problem } from '../errors/problem.js';

export interface CachedPermissions {
  readonly member_id: string;
  /** Null once the member was removed. */
  readonly role: Role | null;
  /** The position of the event that the row shows. */
  readonly sequence: string;
  readonly changed_at: Date;
}

const CONSUMER = 'permissions-cache';
const WAIT_TIMEOUT_MS = 5_000; // a client waits for a response no longer

// Index: primary key. Locks: none.
const FIND = `
  select member_id, role, sequence::text, changed_at from permissions_cache where member_id = $1 and organization_id = $2`;

/** Reads the cache that the consumer permissions-cache keeps. Never use it to authorize a request: it lags behind the members. */
@Injectable()
export class PermissionsCacheService {
  constructor(
    @InjectDataSource() private readonly source: DataSource,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Returns the cached permissions of a member. With a token, first waits until the cache has seen that change.
   *
   * @param signal ends the wait.
   * @throws Problem 404 if the cache does not know the member in the organization.
   * @throws PikaiaError the errors of `Outbox.waitUntilSeen`.
   */
  async get(
    organizationId: string,
    memberId: string,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<CachedPermissions> {
    if (token !== undefined) await this.outbox.waitUntilSeen(CONSUMER, token, { timeoutMs: WAIT_TIMEOUT_MS, signal });
    const [found] = await queryJsonRows<CachedPermissions>(this.source, FIND, [memberId, organizationId], ['changed_at']);
    if (!found) throw Problem.notFound('The cache has no member with this id. It knows a member from its first event.');
    return found;
  }
}
