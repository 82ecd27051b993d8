import { Inject, Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor, isId } from '@pikaia/core';
import { outsideTransaction, queryJsonRows, type RoleNames } from '@pikaia/database';
import { DataSource, type EntityManager } from 'typeorm';
import { normalId } from '../entry/normal-form.js';
import type { AuditFilter, AuditLogEntry, AuditScope } from './audit-filter.js';
import { ENTRIES_BY_ID, MAX_EXAMINED, pageStatement, type PagePosition } from './audit-log.sql.js';

export interface AuditLogOptions {
  readonly cursorKey: string | Uint8Array;
  readonly roles: RoleNames;
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
  /** null on the last page. If no index serves the filter, a page can have fewer entries than `limit` and still have a cursor. */
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
    @Inject(DataSource) private readonly source: DataSource,
    @Inject(AUDIT_LOG_OPTIONS) private readonly options: AuditLogOptions,
  ) {}

  /**
   * Returns a page of entries, newest first. A full traversal returns each entry that existed at the first page exactly once.
   *
   * @throws PikaiaError `PIKAIA_CURSOR_INVALID` for a cursor of another filter or scope, or with a wrong signature.
   */
  async find({ filter = {}, cursor, limit, scope }: AuditPageRequest): Promise<AuditPage> {
    const binding = JSON.stringify([
      Object.entries(filter)
        .filter(([, value]) => value !== undefined)
        .sort(),
      scope,
    ]);
    const after = cursor === undefined ? undefined : (decodeCursor(cursor, binding, this.options.cursorKey) as PagePosition);
    return this.read(scope, async (manager) => {
      const { text, values } = pageStatement(filter, scope, after, limit + 1);
      const found = (await queryJsonRows<PageRow>(manager, text, values))[0]!;
      const page = found.places.slice(0, limit);
      const next = found.places.length > limit ? page.at(-1) : found.examined === MAX_EXAMINED ? found.deepest : null;
      return {
        data: await readEntries(
          manager,
          page.map(([, id]) => id),
        ),
        next_cursor: next ? encodeCursor(next, binding, this.options.cursorKey) : null,
      };
    });
  }

  /** Returns one entry, or null if the scope has no entry with this id. */
  async get(id: string, scope: AuditScope): Promise<AuditLogEntry | null> {
    if (!isId(id)) return null;
    return this.read(scope, async (manager) => (await readEntries(manager, [id]))[0] ?? null);
  }

  /** One round trip restricts the transaction to the scope and to reading. Both settings end with the transaction. */
  private read<T>(scope: AuditScope, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const [setting, value] =
      'operator' in scope ? ['role', this.options.roles.auditOperator] : ['audit.organization', normalId(scope.organization)];
    return outsideTransaction(() =>
      this.source.transaction(async (manager) => {
        await manager.query(`select set_config('transaction_read_only', 'on', true), set_config($1, $2, true)`, [setting, value]);
        return work(manager);
      }),
    );
  }
}

async function readEntries(manager: EntityManager, ids: readonly string[]): Promise<AuditLogEntry[]> {
  if (ids.length === 0) return [];
  const rows = await queryJsonRows<Omit<AuditLogEntry, 'created_at'> & { moment: string }>(manager, ENTRIES_BY_ID, [ids]);
  return rows.map(({ moment, ...entry }) => ({ ...entry, created_at: moment }));
}
