const INTEGER = /^(?:0|[1-9]\d*)$/;
const FRACTION = /^(?:0|[1-9]\d*)(?:\.\d+)?$/;

/**
 * Parses a whole number that is written in decimal digits. Returns undefined for any other text, such as `1e3`, `0x10`, `+1`,
 * ` 1`, `01` and `1.0`, and for a number that is too large to be exact.
 */
export function parseInteger(text: string): number | undefined {
  const value = INTEGER.test(text) ? Number(text) : undefined;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Parses a number like parseInteger. A decimal fraction such as `0.5` is accepted too. */
export const parseDecimal = (text: string): number | undefined => (FRACTION.test(text) ? Number(text) : undefined);
