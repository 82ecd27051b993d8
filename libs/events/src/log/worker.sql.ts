/** True for a row of `outbox_worker` whose process reports itself. It does so every ten seconds, or more often. */
export const IS_REPORTING = `reported_at > clock_timestamp() - interval '1 minute'`;
