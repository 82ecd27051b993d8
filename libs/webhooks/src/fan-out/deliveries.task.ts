import { expiredRowsTask, type HousekeepingTask } from '@pikaia/events';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Selects settled deliveries that are old enough to be removed. Their attempts are removed with them. $1 retention in milliseconds.
 *
 * Index: webhook_delivery_expiry.
 */
const OLD_DELIVERIES = `
select ctid as place from webhook_delivery where settled_at < clock_timestamp() - $1::bigint * interval '1 ms'`;

/**
 * Removes settled deliveries after some days. An event must not be delivered to the fan-out after that, because only its delivery shows
 * that it was sent. So the days are more than those of the log.
 */
export const webhookDeliveriesTask = (days: number): HousekeepingTask =>
  expiredRowsTask('webhook_deliveries', () => ({ table: 'webhook_delivery', select: OLD_DELIVERIES, values: [days * DAY_MS] }));
