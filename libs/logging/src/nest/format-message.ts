import { describeThrown, newBudget, valueText } from '../record/value-text.js';
import { isError } from '../record/thrown-value.js';

const MAX_ARGUMENT_CHARS = 2_048; // UTF-16 units of JSON text
const PLACEHOLDER = /%[sdifjoO%]/g;

/**
 * Replaces the placeholders of a text as pino does: `%s`, `%d`, `%i`, `%f`, `%j`, `%o` and `%O`. Objects are written as
 * redacted JSON. Without arguments the text stays as it is.
 *
 * @returns the text, and the arguments that no placeholder has used.
 */
export function formatMessage(
  text: string,
  args: readonly unknown[],
): { readonly text: string; readonly rest: readonly unknown[] } {
  if (!args.length) return { text, rest: args };
  let used = 0;
  const formatted = text.replace(PLACEHOLDER, (placeholder) => {
    if (placeholder === '%%') return '%';
    return used < args.length ? argumentText(placeholder, args[used++]) : placeholder;
  });
  return used ? { text: formatted, rest: args.slice(used) } : { text, rest: args };
}

function argumentText(placeholder: string, value: unknown): string {
  if (typeof value === 'string' && placeholder === '%s') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string') {
    if (placeholder === '%d' || placeholder === '%f') return String(Number(value));
    if (placeholder === '%i') return String(Math.floor(Number(value)));
    if (placeholder === '%s') return String(value);
  }
  if (isError(value)) return describeThrown(value).summary;
  if (placeholder === '%s' && (typeof value === 'symbol' || typeof value === 'undefined')) return String(value);
  return valueText(value, newBudget(MAX_ARGUMENT_CHARS)) ?? 'undefined';
}
