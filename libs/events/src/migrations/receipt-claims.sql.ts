/** Adds the id of a claim. Only the process that holds the claim knows it. Locks: consumer_receipt, briefly; the column is nullable. */
export const receiptClaims = `
alter table outbox.consumer_receipt add column claim uuid;
comment on column outbox.consumer_receipt.claim is 'The claim of the process that runs the handler; only that process renews or releases it. Null once the effect is done';
`;
