/** The syntax tree of a Logs Insights query. The parser accepts only the documented syntax that the queries use. */
export type Expression =
  | { readonly kind: 'value'; readonly value: string | number }
  | { readonly kind: 'pattern'; readonly value: RegExp }
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'call'; readonly name: string; readonly given: readonly Expression[]; readonly text: string }
  | { readonly kind: 'operation'; readonly operator: string; readonly given: readonly Expression[] };

export interface Named {
  readonly expression: Expression;
  /** The alias, otherwise the text of the expression. */
  readonly name: string;
}

export type Command =
  | { readonly command: 'fields' | 'display'; readonly columns: readonly Named[] }
  | { readonly command: 'filter'; readonly condition: Expression }
  | { readonly command: 'stats'; readonly columns: readonly Named[]; readonly by: readonly Named[] }
  | { readonly command: 'sort'; readonly keys: readonly { readonly key: Expression; readonly descending: boolean }[] }
  | { readonly command: 'dedup'; readonly columns: readonly Named[] }
  | { readonly command: 'limit'; readonly count: number };

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Guidelines.html: a name needs backticks
// unless it contains only letters, digits, @ and dots. The examples of AWS also use underscores without backticks.
const TOKEN =
  /\s*(?:(?<comment>#[^\n]*)|`(?<name>[^`]+)`|"(?<text>(?:[^"\\]|\\.)*)"|(?<period>\d+(?:ms|[smhd])\b)|(?<number>\d+(?:\.\d+)?)|(?<word>@?[A-Za-z][\w.]*)|(?<sign>!=|<=|>=|[=<>|,()[\]*/+-]))/y;
const PATTERN = /\s*\/(?<pattern>(?:[^/\\\n]|\\.)+)\//y; // only after like; elsewhere a slash is a division

interface Token {
  readonly kind: 'name' | 'word' | 'text' | 'pattern' | 'period' | 'number' | 'sign';
  readonly text: string;
}

function tokenize(query: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; query.slice(at).trim();) {
    const expected = tokens.at(-1)?.text.toLowerCase() === 'like' && /^\s*\//.test(query.slice(at)) ? PATTERN : TOKEN;
    expected.lastIndex = at;
    const found = expected.exec(query);
    if (!found) throw new Error(`not understood: ${query.slice(at, at + 30)}`);
    at = expected.lastIndex;
    const [kind, text] = Object.entries(found.groups!).find(([, each]) => each !== undefined) as [
      Token['kind'] | 'comment',
      string,
    ];
    if (kind !== 'comment') tokens.push({ kind, text: kind === 'text' ? text.replace(/\\(.)/g, '$1') : text });
  }
  return tokens;
}

const LEVELS: readonly (readonly string[])[] = [
  ['or'],
  ['and'],
  ['=', '!=', '<', '<=', '>', '>=', 'like', 'in'],
  ['+', '-'],
  ['*', '/'],
];
const NOT_LEVEL = 2; // `not` binds closer than `and`

export function parseQuery(query: string): Command[] {
  const tokens = tokenize(query);
  let at = 0;
  const refuse = (): never => {
    throw new Error(
      `not understood at ${
        tokens
          .slice(at, at + 4)
          .map(({ text }) => text)
          .join(' ') || 'the end'
      }`,
    );
  };
  const isWord = (text: string): boolean =>
    tokens[at]?.text.toLowerCase() === text && (tokens[at]!.kind === 'word' || tokens[at]!.kind === 'sign');
  const take = (text: string): boolean => (isWord(text) ? ((at += 1), true) : false);
  const need = (text: string): void => void (take(text) || refuse());

  function list<T>(item: () => T): T[] {
    const items = [item()];
    while (take(',')) items.push(item());
    return items;
  }

  function operation(level = 0): Expression {
    if (level === NOT_LEVEL && take('not')) return { kind: 'operation', operator: 'not', given: [operation(NOT_LEVEL)] };
    if (level === LEVELS.length) return primary();
    let left = operation(level + 1);
    for (let operator; (operator = LEVELS[level]!.find(isWord)) !== undefined;) {
      at++;
      left = { kind: 'operation', operator, given: [left, operation(level + 1)] };
    }
    return left;
  }

  function primary(): Expression {
    if (take('(')) {
      const inside = operation();
      need(')');
      return inside;
    }
    if (take('[')) {
      const items = list(primary);
      need(']');
      return { kind: 'list', items };
    }
    const token = tokens[at++] ?? refuse();
    if (token.kind === 'name') return { kind: 'field', name: token.text };
    if (token.kind === 'text' || token.kind === 'period') return { kind: 'value', value: token.text };
    if (token.kind === 'number') return { kind: 'value', value: Number(token.text) };
    if (token.kind === 'pattern') return { kind: 'pattern', value: new RegExp(token.text) };
    if (token.kind === 'sign') return (at--, refuse());
    if (!take('(')) return { kind: 'field', name: token.text };
    const start = at;
    const given = take('*') ? [] : list(() => operation());
    need(')');
    const text = `${token.text}(${tokens
      .slice(start, at - 1)
      .map((each) => each.text)
      .join(' ')})`;
    return { kind: 'call', name: token.text.toLowerCase(), given, text };
  }

  function named(): Named {
    const expression = operation();
    if (!take('as')) return { expression, name: columnName(expression) };
    const alias = tokens[at++] ?? refuse();
    return alias.kind === 'word' || alias.kind === 'name' ? { expression, name: alias.text } : (at--, refuse());
  }

  function command(): Command {
    if (take('fields')) return { command: 'fields', columns: list(named) };
    if (take('display')) return { command: 'display', columns: list(named) };
    if (take('filter')) return { command: 'filter', condition: operation() };
    if (take('stats')) return { command: 'stats', columns: list(named), by: take('by') ? list(named) : [] };
    if (take('dedup')) return { command: 'dedup', columns: list(named) };
    if (take('sort'))
      return { command: 'sort', keys: list(() => ({ key: operation(), descending: take('desc') || (take('asc'), false) })) };
    if (take('limit')) return { command: 'limit', count: tokens[at]?.kind === 'number' ? Number(tokens[at++]!.text) : refuse() };
    return refuse();
  }

  const commands = [command()];
  while (take('|')) commands.push(command());
  if (at < tokens.length) refuse();
  return commands;
}

function columnName(expression: Expression): string {
  if (expression.kind === 'field') return expression.name;
  if (expression.kind === 'call') return expression.text;
  throw new Error('what is computed needs a name: as …');
}
