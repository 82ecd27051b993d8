import { currentManager, queryJsonRows } from '@pikaia/database';
import type { EventScope } from '@pikaia/events';
import type { Static } from 'typebox';
import type { WebhookAttemptEntry, WebhookEntry } from './webhook-trail.views.js';

/**
 * Returns the newest webhook deliveries of a correlation id. $1 correlation id, $2 organization, null for all, $3 limit.
 *
 * Index: webhook_delivery_correlation. Locks: none. Cost: the deliveries of the correlation id.
 */
const FIND_DELIVERIES = `
select id::text as delivery_id, endpoint_id::text as endpoint_id, event_id::text as event_id, event_type, kind as delivery_kind,
  status, attempts as attempt_count, case when status = 'pending' then next_attempt_at end as next_attempt_at, created_at, settled_at
from webhook_delivery
where correlation_id = $1::uuid and ($2::uuid is null or organization_id = $2::uuid)
order by created_at desc, id desc limit $3::int`;

/**
 * Returns the newest attempts of deliveries. $1 deliveries, $2 limit.
 *
 * Index: primary keys. Locks: none. Cost: the attempts of the deliveries.
 */
const FIND_ATTEMPTS = `
select a.delivery_id::text as delivery_id, d.event_id::text as event_id, d.endpoint_id::text as endpoint_id, a.number, a.started_at,
  a.duration_ms, a.response_status, a.error_code, a.error
from webhook_attempt a join webhook_delivery d on d.id = a.delivery_id
where a.delivery_id = any($1::uuid[])
order by a.started_at desc, a.number desc limit $2::int`;

type Newest<Entry> = { readonly data: readonly Entry[]; readonly truncated: boolean };

/** The webhooks that were sent, or will be, because of the events with one correlation id, and their attempts. */
export async function findWebhooks(
  correlationId: string,
  scope: EventScope,
  limit: number,
): Promise<{ deliveries: Newest<Static<typeof WebhookEntry>>; attempts: Newest<Static<typeof WebhookAttemptEntry>> }> {
  const organization = 'operator' in scope ? null : scope.organization;
  const deliveries = newest(
    await queryJsonRows<Static<typeof WebhookEntry>>(
      currentManager(),
      FIND_DELIVERIES,
      [correlationId, organization, limit + 1],
      ['created_at', 'next_attempt_at', 'settled_at'],
    ),
    limit,
  );
  const ids = deliveries.data.map(({ delivery_id: id }) => id);
  if (!ids.length) return { deliveries, attempts: { data: [], truncated: false } };
  const values = [ids, limit + 1];
  const dates = ['started_at'] as const;
  const attempts = await queryJsonRows<Static<typeof WebhookAttemptEntry>>(currentManager(), FIND_ATTEMPTS, values, dates);
  return { deliveries, attempts: newest(attempts, limit) };
}

const newest = <Entry>(found: readonly Entry[], limit: number): Newest<Entry> => ({
  data: found.slice(0, limit),
  truncated: found.length > limit,
});
