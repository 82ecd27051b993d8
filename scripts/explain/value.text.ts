import { printable } from './terminal.ts';

const MAX_VALUE_CHARACTERS = 200; // --json prints the full value

/** A value on one line: a string unchanged, anything else as JSON. */
export function shown(value: unknown): string {
  const text = printable(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'));
  return text.length > MAX_VALUE_CHARACTERS ? `${text.slice(0, MAX_VALUE_CHARACTERS)}…` : text;
}

/** The email address of a person, or the id if the address is unknown or masked. */
export const personText = (email: unknown, id: unknown): string =>
  shown(email === undefined || email === null || email === '[masked]' ? id : email);

/** Formats a duration: `41 ms`, from one second `3.2 s`, from two minutes `5 min`. */
export function milliseconds(value: number): string {
  const ms = Math.round(value);
  if (Math.abs(ms) < 1000) return `${ms} ms`;
  return Math.abs(ms) < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}
