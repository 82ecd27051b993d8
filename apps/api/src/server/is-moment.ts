import { TextRule } from '@pikaia/core';
import { isISO8601 } from 'class-validator';
import { Problem } from '../errors/problem.js';

const MOMENT = /^(\d{4})-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/;
const FIRST_YEAR = 1000; // clients send 0001-01-01 for a time that they did not set

/** Accepts a timestamp with date, time and zone. ISO 8601 has other forms that PostgreSQL does not accept. */
export const IsMoment = (): PropertyDecorator => TextRule('isMoment', problemWithMoment);

function problemWithMoment(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be a string';
  const year = MOMENT.exec(value)?.[1];
  if (year === undefined) return 'must be a timestamp with a time zone, such as 2026-01-31T08:30:00.000Z';
  if (Number(year) < FIRST_YEAR) return `must be in a year from ${FIRST_YEAR} to 9999`;
  return isISO8601(value, { strict: true }) ? undefined : 'must be a date and a time that exist';
}

/** @throws Problem 400 if the period ends before it begins. Nothing can match such a filter. */
export function requirePeriod({ from, to }: { from?: string; to?: string }, path = ''): void {
  if (from === undefined || to === undefined || microseconds(from) <= microseconds(to)) return;
  const message = `${path}from must not be after ${path}to`;
  throw Problem.badRequest(`${message}.`, { errors: [{ field: `${path}from`, message }] });
}

/** Returns the microseconds since 1970. Date drops the digits after the milliseconds. */
function microseconds(moment: string): bigint {
  const beyondMs = /\.\d{3}(\d{1,3})/.exec(moment)?.[1] ?? '';
  return BigInt(Date.parse(moment)) * 1_000n + BigInt(beyondMs.padEnd(3, '0'));
}
