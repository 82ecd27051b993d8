/**
 * Whether an EventBridge pattern matches an event. Supports only exact values: strings, numbers, booleans and null, which match
 * only values of the same type. Refuses operators such as `{ "prefix": … }`, because a test must not pass on an unknown operator.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 * @throws Error for an operator, and for a pattern whose leaf is not a list of values
 */
export function matches(pattern: unknown, event: unknown): boolean {
  if (typeof pattern !== 'object' || pattern === null || Array.isArray(pattern) || !Object.keys(pattern).length)
    throw new Error(`a pattern must be an object with fields: ${JSON.stringify(pattern)}`);
  // Checks every field, so that an unknown operator is refused for every event.
  return Object.entries(pattern)
    .map(([name, expected]) => fieldMatches(name, expected, fieldOf(event, name)))
    .every(Boolean);
}

function fieldMatches(name: string, expected: unknown, actual: unknown): boolean {
  if (name.startsWith('$')) throw new Error(`${name} is an operator that is not known here`);
  if (!Array.isArray(expected)) return matches(expected, actual);
  if (!expected.length) throw new Error(`${name} has no values`);
  for (const value of expected) {
    if (typeof value === 'object' && value !== null)
      throw new Error(`${Object.keys(value as object).join()} is an operator that is not known here`);
  }
  const present = Array.isArray(actual) ? actual : [actual];
  return present.some((one) => expected.includes(one));
}

const fieldOf = (event: unknown, name: string): unknown =>
  typeof event === 'object' && event !== null && Object.hasOwn(event, name)
    ? (event as Record<string, unknown>)[name]
    : undefined;
