import { printable } from './terminal.mjs';

const LONGEST_VALUE = 200; // characters; --json has the whole

/** A value on one line; a text as it is, all else as JSON. */
export function shown(value) {
  const text = printable(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'));
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

/** `41 ms`, from a second on `3.2 s`, from two minutes on `5 min`. */
export function milliseconds(value) {
  const ms = Math.round(value);
  if (Math.abs(ms) < 1000) return `${ms} ms`;
  return Math.abs(ms) < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}
