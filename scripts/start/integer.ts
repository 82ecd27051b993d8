const INTEGER = /^(?:0|[1-9]\d*)$/;

/** Parses a number in decimal digits, as `parseInteger` of @pikaia/core does, which does not exist before the first build. */
export function parseInteger(text: string): number | undefined {
  const value = INTEGER.test(text) ? Number(text) : undefined;
  return Number.isSafeInteger(value) ? value : undefined;
}
