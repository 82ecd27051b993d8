/** The oldest table of the outbox, and the newest table and column that its statements need. Without one of them no process starts. */
export const REQUIRED_TABLES = ['outbox.outbox_log', 'outbox.outbox_log.causation_id', 'outbox.outbox_housekeeping'] as const;
