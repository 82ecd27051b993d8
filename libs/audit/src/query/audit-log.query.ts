import { Inject, Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor, isId } from '@pikaia/core';
import { outsideTransaction, queryJsonRows, type RoleNames } from '@pikaia/database';
import { DataSource, type EntityManager } from 'typeorm';
import { normalId } from '../entry/normal-form.js';
import type { AuditFilter, AuditLogEntry, AuditScope } from './audit-filter.js';
import { ENTRIES_BY_ID, MAX_EXAMINED, placesStatement, type Place } from './audit-log.sql.js';

export interface AuditLogOptions {
  readonly cursorKey: string | Uint8Array;
  readonly roles: RoleNames;
}

export const AUDIT_LOG_OPTIONS = Symbol('pikaia.audit-log-options');

export interface AuditPageRequest {
  readonly filter?: AuditFilter;
  /** `next_cursor` of the page before, with the same filter and scope. */
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly scope: AuditScope;
}

export interface AuditPage {
  readonly data: readonly AuditLogEntry[];
  /** null: nothing is left. A page may be short and still have one, where no index serves the filter. */
  readonly next_cursor: string | null;
}

interface Found {
  readonly examined: number;
  readonly deepest: Place | null;
  readonly places: readonly Place[];
}

/**
 * Reads the audit log. Every read is a transaction of its own, in which row-level security holds as the second net. It never
 * joins the caller's: its role and its read-only mode would hold for the caller's later statements. So it shows no entry that
 * the caller's transaction has not committed.
 */
@Injectable()
export class AuditLog {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    @Inject(AUDIT_LOG_OPTIONS) private readonly options: AuditLogOptions,
  ) {}

  /**
   * A page of entries, newest first. Pages together show every entry once that was there when the first was read.
   *
   * @throws PikaiaError `PIKAIA_CURSOR_INVALID` for a cursor of another filter or scope, or one that was tampered with.
   */
  async find({ filter = {}, cursor, limit, scope }: AuditPageRequest): Promise<AuditPage> {
    const binding = JSON.stringify([
      Object.entries(filter)
        .filter(([, value]) => value !== undefined)
        .sort(),
      scope,
    ]);
    const after = cursor === undefined ? undefined : (decodeCursor(cursor, binding, this.options.cursorKey) as Place);
    return this.read(scope, async (manager) => {
      const { text, values } = placesStatement(filter, scope, after, limit + 1);
      const found = (await queryJsonRows<Found>(manager, text, values))[0]!;
      const shown = found.places.slice(0, limit);
      const next = found.places.length > limit ? shown.at(-1) : found.examined === MAX_EXAMINED ? found.deepest : null;
      return {
        data: await entries(
          manager,
          shown.map(([, id]) => id),
        ),
        next_cursor: next ? encodeCursor(next, binding, this.options.cursorKey) : null,
      };
    });
  }

  /** One entry, or null where the scope has none with this id. */
  async get(id: string, scope: AuditScope): Promise<AuditLogEntry | null> {
    if (!isId(id)) return null;
    return this.read(scope, async (manager) => (await entries(manager, [id]))[0] ?? null);
  }

  /** One round trip sets what the transaction may read, and that it only reads; both end with it. */
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

async function entries(manager: EntityManager, ids: readonly string[]): Promise<AuditLogEntry[]> {
  if (ids.length === 0) return [];
  const rows = await queryJsonRows<Omit<AuditLogEntry, 'created_at'> & { moment: string }>(manager, ENTRIES_BY_ID, [ids]);
  return rows.map(({ moment, ...entry }) => ({ ...entry, created_at: moment }));
}
