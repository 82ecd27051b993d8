/** The `listen`/`notify` channel of the outbox. An empty message means new events. */
export const OUTBOX_CHANNEL = 'pikaia_outbox';

/** The message that announces a new command. */
export const COMMAND_MESSAGE = 'command';
