import { Inject, Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor, isId, MAX_LISTED_BYTES, requireCursorKey } from '@pikaia/core';
import { DATA_SOURCE, outsideTransaction, queryJsonPage, queryJsonRows, type DatabaseRoles } from '@pikaia/database';
import type { DataSource, EntityManager } from 'typeorm';
import { normalId } from '../entry/normal-form.js';
import { ACTIVITY_PLACES, ANY_TIME, BEFORE_FIRST } from './activity.sql.js';
import type { ActivityPage, ActivityRequest } from './activity.js';
import type { AuditFilter, AuditLogEntry, AuditScope } from './audit-filter.js';
import { ENTRIES_BY_ID, MAX_EXAMINED, pageStatement, type PagePosition } from './audit-log.sql.js';

/** The maximum size of the diff of one entry: no limit in practice, because the values of a diff are limited when they are recorded. */
const MAX_DIFF_BYTES = 2 ** 31 - 1;

export interface AuditLogOptions {
  readonly cursorKey: string | Uint8Array | undefined;
  readonly roles: DatabaseRoles;
}

export const AUDIT_LOG_OPTIONS = Symbol('pikaia.audit-log-options');

export interface AuditPageRequest {
  readonly filter?: AuditFilter;
  /** `next_cursor` of the previous page, for the same filter and scope. */
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly scope: AuditScope;
}

export interface AuditPage {
  readonly data: readonly AuditLogEntry[];
  /**
   * null on the last page. A page can have fewer entries than `limit` and still have a cursor: it ends at 1 MiB, or after 20,000
   * rows if no index serves the filter.
   */
  readonly next_cursor: string | null;
}

interface PageRow {
  readonly examined: number;
  readonly deepest: PagePosition | null;
  readonly places: readonly PagePosition[];
}

/**
 * Reads the audit log. Each read runs in its own transaction, in which row-level security is the second line of defense.
 *
 * A read never joins the caller's transaction, because its role and read-only mode would apply to the caller's later statements.
 * So a read does not see entries that the caller's transaction has not committed.
 */
@Injectable()
export class AuditLog {
  constructor(
    @Inject(DATA_SOURCE) private readonly source: DataSource,
    @Inject(AUDIT_LOG_OPTIONS) private readonly options: AuditLogOptions,
  ) {}

  /**
   * Returns a page of entries, newest first. A full traversal returns each entry that existed at the first page exactly once. A
   * page has at most 1 MiB, as JSON. A diff of more than 16 KiB is left out: see `AuditLogEntry.shortened`.
   *
   * @throws PikaiaError `PIKAIA_CURSOR_INVALID` for a cursor of another filter or scope, or with a wrong signature;
   * `PIKAIA_CURSOR_KEY_MISSING` if `AuditModule` has no `cursorKey`.
   */
  async find({ filter = {}, cursor, limit, scope }: AuditPageRequest): Promise<AuditPage> {
    const cursorKey = requireCursorKey('AuditModule', this.options.cursorKey);
    const binding = JSON.stringify([
      Object.entries(filter)
        .filter(([, value]) => value !== undefined)
        .sort(),
      scope,
    ]);
    const after = cursor === undefined ? undefined : (decodeCursor(cursor, binding, cursorKey) as PagePosition);
    return this.read(scope, async (manager) => {
      const { text, values } = pageStatement(filter, scope, after, limit + 1);
      const found = (await queryJsonRows<PageRow>(manager, text, values))[0]!;
      const ids = found.places.slice(0, limit).map(([, id]) => id);
      const data = await readEntries(manager, ids, MAX_LISTED_BYTES);
      const last = data.at(-1);
      const hasMore = found.places.length > data.length;
      const next = last && hasMore ? [last.created_at, last.id] : found.examined === MAX_EXAMINED ? found.deepest : null;
      return {
        data,
        next_cursor: next ? encodeCursor(next, binding, cursorKey) : null,
      };
    });
  }

  /** Returns one entry, or null if the scope has no entry with this id. */
  async get(id: string, scope: AuditScope): Promise<AuditLogEntry | null> {
    if (!isId(id)) return null;
    return this.read(scope, async (manager) => (await readEntries(manager, [id], MAX_DIFF_BYTES))[0] ?? null);
  }

  /**
   * Returns a page of what a person did and what was done to them, newest first, over several organizations. Its size is limited as
   * that of `find`.
   *
   * @throws PikaiaError `PIKAIA_CURSOR_INVALID` for a cursor of another person, reader, involvement or period, or with a wrong signature.
   */
  async findActivity({ cursor, limit, ...request }: ActivityRequest): Promise<ActivityPage> {
    const cursorKey = requireCursorKey('AuditModule', this.options.cursorKey);
    const { asOperator, involvement, from, to } = request;
    const [person, organizations] = [normalId(request.person), [...new Set(request.organizations.map(normalId))]];
    const binding = `activity:${JSON.stringify([person, asOperator, involvement ?? null, from ?? null, to ?? null])}`;
    const after = cursor === undefined ? undefined : (decodeCursor(cursor, binding, cursorKey) as PagePosition);
    const aggregates = involvement === 'actor' ? [] : request.aggregates;
    const parameters = [
      involvement === 'subject' ? null : person,
      aggregates.map(({ type }) => type),
      aggregates.map(({ id }) => normalId(id)),
      ...(after ?? BEFORE_FIRST),
      limit + 1,
      involvement === 'subject' ? person : null,
      from ?? ANY_TIME[0],
      to ?? ANY_TIME[1],
    ];
    return this.readOnly(async (manager) => {
      if (asOperator) await this.restrict(manager, { operator: true });
      const eachOrganization = async <T>(work: (organization: string) => Promise<T[]>): Promise<T[]> => {
        const found: T[] = [];
        for (const organization of organizations) {
          if (!asOperator) await this.restrict(manager, { organization });
          found.push(...(await work(organization)));
        }
        return found;
      };
      const places = await eachOrganization(async (organization) =>
        (await queryJsonRows<{ place: PagePosition }>(manager, ACTIVITY_PLACES, [organization, ...parameters])).map(
          ({ place }) => ({ place, organization }),
        ),
      );
      const newest = places.sort((a, b) => (a.place.join() < b.place.join() ? 1 : -1));
      const shown = newest.slice(0, limit);
      const entries = new Map(
        (
          await eachOrganization((organization) => {
            const ids = shown.flatMap((one) => (one.organization === organization ? [one.place[1]] : []));
            return readEntries(manager, ids, MAX_LISTED_BYTES);
          })
        ).map((entry) => [entry.id, entry]),
      );
      const missing = shown.findIndex(({ place: [, id] }) => !entries.has(id)); // the page has reached its size
      const kept = missing === -1 ? shown : shown.slice(0, missing);
      const last = kept.at(-1);
      return {
        data: kept.map(({ place: [, id] }) => {
          const entry = entries.get(id)!;
          return { ...entry, involvement: entry.actor_id === person ? ('actor' as const) : ('subject' as const) };
        }),
        next_cursor: last && newest.length > kept.length ? encodeCursor(last.place, binding, cursorKey) : null,
      };
    });
  }

  private read<T>(scope: AuditScope, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.readOnly(async (manager) => {
      await this.restrict(manager, scope);
      return work(manager);
    });
  }

  private readOnly<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return outsideTransaction(() => this.source.transaction(work));
  }

  /** One round trip restricts the transaction to a scope and to reading. All settings end with the transaction. */
  private async restrict(manager: EntityManager, scope: AuditScope): Promise<void> {
    const { roles } = this.options;
    const [setting, value] =
      'operator' in scope
        ? ['role', roles === 'single' ? 'none' : roles.auditOperator]
        : ['audit.organization', normalId(scope.organization)];
    await manager.query(`select set_config('transaction_read_only', 'on', true), set_config($1, $2, true)`, [setting, value]);
  }
}

async function readEntries(manager: EntityManager, ids: readonly string[], maxDiffBytes: number): Promise<AuditLogEntry[]> {
  if (ids.length === 0) return [];
  type Row = Omit<AuditLogEntry, 'created_at'> & { moment: string };
  const { rows } = await queryJsonPage<Row>(manager, ENTRIES_BY_ID, [ids, maxDiffBytes]);
  return rows.map(({ moment, ...entry }) => ({ ...entry, created_at: moment }));
}
