import { expiredRowsTask, type ExpiredRows, type HousekeepingTask } from '@pikaia/events';

const TASK = 'webhook_deliveries';
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Selects settled deliveries that are old enough to be removed. Their attempts are removed with them. $1 retention in milliseconds.
 *
 * Index: webhook_delivery_expiry.
 */
const OLD_DELIVERIES = `
select ctid as place from webhook_delivery where settled_at < clock_timestamp() - $1::bigint * interval '1 ms'`;

function expiredDeliveries(retentionMs: number): ExpiredRows {
  return { table: 'webhook_delivery', select: OLD_DELIVERIES, values: [retentionMs] };
}

/**
 * Removes settled deliveries after some days. An event must not be delivered to the fan-out after that, because only its delivery shows
 * that it was sent. So the days are more than those of the log.
 */
export const webhookDeliveriesTask = (days: number): HousekeepingTask => ({
  ...expiredRowsTask(TASK, () => expiredDeliveries(days * DAY_MS)),
  retentionMs: days * DAY_MS,
});

/** What `webhookDeliveriesTask` removes, for the preview of housekeeping. */
export const webhookDeliveriesRows = { [TASK]: expiredDeliveries };
