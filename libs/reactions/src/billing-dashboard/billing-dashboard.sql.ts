/**
 * Stores the state of a subscription, unless the row has that of the same or a later event. $1 subscription, $2 organization, $3 active,
 * $4 status, $5 price, $6 quantity, $7 end of the period, $8 cancel at the end of the period, $9 sequence, $10 time of the event.
 *
 * Index: primary key. Locks: the row of the subscription. Cost: one row.
 */
export const STORE_SUBSCRIPTION = `
insert into billing_dashboard as d (subscription_id, organization_id, is_active, status, price_id, quantity, current_period_end,
  cancel_at_period_end, sequence, changed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (subscription_id) do update
set is_active = excluded.is_active, status = excluded.status, price_id = excluded.price_id, quantity = excluded.quantity,
  current_period_end = excluded.current_period_end, cancel_at_period_end = excluded.cancel_at_period_end,
  sequence = excluded.sequence, changed_at = excluded.changed_at
where excluded.sequence > d.sequence`;
