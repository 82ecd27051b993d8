import { ValidateBy, type ValidationOptions } from 'class-validator';

const FORMAT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const TIMESTAMP = /^(?!0000)(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/;

/**
 * Accepts an instant as RFC 3339 text: a real calendar date, a time with seconds, and a time zone, such as
 * `2026-01-31T08:30:00.000Z`. Use it instead of `IsISO8601` and `IsDateString`, which also accept `2012`, `2025-W01` and
 * `2019-02-31`.
 *
 * Stricter than RFC 3339 where PostgreSQL or JavaScript cannot read the text: no year 0000, leap second or lower-case letter,
 * at most nine digits after the seconds, and a zone within 15 hours of UTC.
 */
export const IsTimestamp = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isTimestamp',
      validator: {
        validate: (value) => problemWith(value) === undefined,
        defaultMessage: (details) => `${options?.each ? 'each value in ' : ''}$property ${problemWith(details!.value)}`,
      },
    },
    options,
  );

function problemWith(value: unknown): string | undefined {
  if (typeof value === 'string' && FORMAT.test(value)) return exists(value) ? undefined : 'must be a date and a time that exist';
  return 'must be a timestamp with a time zone, such as 2026-01-31T08:30:00.000Z';
}

function exists(text: string): boolean {
  const date = TIMESTAMP.exec(text)?.[1];
  if (date === undefined) return false;
  const time = new Date(`${date}T00:00:00.000Z`); // February 31 is invalid or becomes March 3
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(date);
}
