/** The channel of `listen` and `notify` that says "there is something new in the outbox". An empty message: events. */
export const OUTBOX_CHANNEL = 'pikaia_outbox';

/** The message that says: somebody has asked something of a sink. */
export const COMMAND_MESSAGE = 'command';
