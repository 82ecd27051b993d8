import { Problem } from '../errors/problem.js';

/** @throws Problem 400 if the period ends before it begins. Nothing can match such a filter. */
export function requirePeriod({ from, to }: { from?: string; to?: string }, path = ''): void {
  if (from === undefined || to === undefined || microseconds(from) <= microseconds(to)) return;
  const message = `${path}from must not be after ${path}to`;
  throw Problem.badRequest(`${message}.`, { errors: [{ field: `${path}from`, message }] });
}

/** Returns the microseconds since 1970. Date drops the digits after the milliseconds. */
function microseconds(timestamp: string): bigint {
  const beyondMs = /\.\d{3}(\d{1,3})/.exec(timestamp)?.[1] ?? '';
  return BigInt(Date.parse(timestamp)) * 1_000n + BigInt(beyondMs.padEnd(3, '0'));
}
