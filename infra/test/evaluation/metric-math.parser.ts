export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'metric'; readonly id: string }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'call'; readonly name: string; readonly given: readonly Expression[] }
  | { readonly kind: 'operation'; readonly operator: string; readonly left: Expression; readonly right: Expression };

const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z]\w*)|(>=|<=|==|!=|[-+*/<>()[\],]))/y;
const LEVELS = [
  ['<', '>', '<=', '>=', '==', '!='],
  ['+', '-'],
  ['*', '/'],
] as const;

/**
 * Parses an expression of CloudWatch metric math. Supports only numbers, IDs, lists, calls, the four operations and comparisons.
 * Refuses anything else, because a test must not pass on unknown syntax.
 *
 * @throws Error
 */
export function parseExpression(text: string): Expression {
  const tokens = tokensOf(text);
  let at = 0;
  const next = (): string | undefined => tokens[at];
  const take = (expected?: string): string => {
    const token = tokens[at++];
    if (token === undefined || (expected !== undefined && token !== expected))
      throw new Error(`${expected ?? 'more'} is missing in ${text}`);
    return token;
  };
  const several = (end: string): Expression[] => {
    const items = [level(0)];
    while (next() === ',') {
      take(',');
      items.push(level(0));
    }
    take(end);
    return items;
  };
  const level = (depth: number): Expression => {
    const operators: readonly string[] | undefined = LEVELS[depth];
    if (!operators) return primary();
    let left = level(depth + 1);
    while (next() !== undefined && operators.includes(next()!))
      left = { kind: 'operation', operator: take(), left, right: level(depth + 1) };
    return left;
  };
  const primary = (): Expression => {
    const token = take();
    if (/^\d/.test(token)) return { kind: 'number', value: Number(token) };
    if (token === '[') return { kind: 'list', items: several(']') };
    if (token === '(') {
      const inner = level(0);
      take(')');
      return inner;
    }
    if (!/^[A-Za-z]/.test(token)) throw new Error(`${token} stands where a value is needed in ${text}`);
    if (next() !== '(') return { kind: 'metric', id: token };
    take('(');
    return { kind: 'call', name: token, given: several(')') };
  };
  const whole = level(0);
  if (at < tokens.length) throw new Error(`${tokens[at]} is too much in ${text}`);
  return whole;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (!found) throw new Error(`unknown at ${from}: ${text}`);
    tokens.push((found[1] ?? found[2] ?? found[3])!);
  }
  return tokens;
}
