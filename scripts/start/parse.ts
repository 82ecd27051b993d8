// The parsers of @pikaia/core that scripts need. That package does not exist before the first build.
const INTEGER = /^(?:0|[1-9]\d*)$/;
const ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Parses a whole number in decimal digits. */
export function parseInteger(text: string): number | undefined {
  const value = INTEGER.test(text) ? Number(text) : undefined;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Returns the UUID of a text as it is stored: in lower case and without braces. */
export function parseId(text: string): string | undefined {
  const bare = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
  return ID.test(bare) ? bare.toLowerCase() : undefined;
}
