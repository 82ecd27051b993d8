/** The channel of `listen` and `notify` that says "there is something new in the outbox". The message is empty. */
export const OUTBOX_CHANNEL = 'pikaia_outbox';
