/** The levels in ascending order of severity. */
export const LOG_LEVELS = ['debug', 'info', 'warning', 'error', 'critical'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** The order of the levels. */
export const severity: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3, critical: 4 };

export const findLevel = (name: string | undefined): LogLevel | undefined =>
  LOG_LEVELS.find((level) => level === name?.trim().toLowerCase());
