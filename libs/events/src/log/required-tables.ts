/** A table or column of each migration that the statements need. Without one of them no process starts. */
export const REQUIRED_TABLES = [
  'outbox.outbox_log',
  'outbox.outbox_log.causation_id',
  'outbox.outbox_housekeeping',
  'outbox.outbox_command.expected',
  'outbox.outbox_worker',
] as const;
