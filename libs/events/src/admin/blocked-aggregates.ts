import { Inject, Injectable } from '@nestjs/common';
import { redactValue, withTextMask } from '@pikaia/core';
import { DATA_SOURCE, outsideTransaction, queryJsonPage } from '@pikaia/database';
import type { DataSource } from 'typeorm';
import { personalMaskOf } from '../contract/personal-data.js';
import { LIST_BLOCKED } from './blocked-aggregates.sql.js';
import type { BoundedCount } from './outbox.status.js';
import { MAX_COUNT } from './status.sql.js';

/** An aggregate whose later events wait at one sink, because one of its events is a dead letter there. */
export interface BlockedAggregate {
  readonly sink: string;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly organization_id: string | null;
  /** The dead letter. */
  readonly event_id: string;
  readonly event_type: string;
  readonly occurred_at: Date;
  readonly failed_at: Date;
  readonly attempts: number;
  /** Without the personal data of the event. */
  readonly last_error: string | null;
  /** The events that wait behind the dead letter. */
  readonly waiting: BoundedCount;
}

/** The place of an aggregate in the list: the position of the dead letter and the sink. */
export type BlockedPlace = readonly [position: string, sink: string];

/** Some blocked aggregates, the oldest dead letter first. */
export interface BlockedPage {
  readonly data: readonly BlockedAggregate[];
  /** The place of the last aggregate, for the next call. Null on the last page. */
  readonly next: BlockedPlace | null;
}

type BlockedRow = BlockedAggregate & { readonly position: string; readonly payload: string | null };

/** Lists the aggregates of all organizations whose delivery waits for a decision of an operator: skip or replay the dead letter. */
@Injectable()
export class BlockedAggregates {
  constructor(@Inject(DATA_SOURCE) private readonly source: DataSource) {}

  /** @param after `next` of the previous page. */
  async list(limit: number, after?: BlockedPlace): Promise<BlockedPage> {
    const values = [limit + 1, after?.[0] ?? null, after?.[1] ?? null, MAX_COUNT];
    const { rows, selected } = await outsideTransaction(() =>
      queryJsonPage<BlockedRow>(this.source, LIST_BLOCKED, values, ['occurred_at', 'failed_at']),
    );
    const found = rows.slice(0, limit);
    const last = found.at(-1);
    return { data: found.map(blockedAggregate), next: last && selected > found.length ? [last.position, last.sink] : null };
  }
}

function blockedAggregate({ position: _position, payload, ...row }: BlockedRow): BlockedAggregate {
  return { ...row, last_error: withTextMask(personalMaskOf(payload), () => redactValue(row.last_error)) };
}
