import { Inject, Injectable } from '@nestjs/common';
import { DATA_SOURCE, outsideTransaction, queryJsonRows } from '@pikaia/database';
import type { DataSource } from 'typeorm';
import type { EventScope } from './event-filter.js';
import type { RelatedEventView } from './event.view.js';
import { FIND_EVENTS_BY_REQUEST } from './events-by-request.sql.js';

/** An object that a request changed. */
export interface ChangedObject {
  /** The correlation id of the request. A UUID. */
  readonly correlation_id: string;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
}

/** An event, with the request that published it. */
export interface RequestEventView extends RelatedEventView {
  readonly correlation_id: string;
}

/** Finds the events of changes whose request is known, such as those of a page of audit entries. */
@Injectable()
export class EventsByRequest {
  constructor(@Inject(DATA_SOURCE) private readonly source: DataSource) {}

  /**
   * Returns the events that the requests published about the objects, oldest first. Of each request the newest 1,000 events are
   * examined. The events have no personal data.
   */
  async find(objects: readonly ChangedObject[], scope: EventScope): Promise<RequestEventView[]> {
    if (objects.length === 0) return [];
    const values = [
      objects.map((object) => object.correlation_id),
      objects.map((object) => object.aggregate_type),
      objects.map((object) => object.aggregate_id),
      'organization' in scope ? scope.organization : null,
    ];
    return outsideTransaction(() =>
      queryJsonRows<RequestEventView>(this.source, FIND_EVENTS_BY_REQUEST, values, ['occurred_at']),
    );
  }
}
