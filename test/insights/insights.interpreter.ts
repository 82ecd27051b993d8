import { parseQuery, type Command, type Expression, type Named } from './insights.parser.js';

type Value = string | number | boolean | null;
export type Row = Readonly<Record<string, Value>>;

const RESULT_LIMIT = 10_000; // CWL_QuerySyntax-Limit: the number of rows without a limit
const PERIOD_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export interface QueryResult {
  /** At most 10,000 rows, the latest first unless the query sorts. */
  readonly rows: readonly Row[];
  /** Fields that the query reads and no line has. Logs Insights returns an empty value for them without an error. */
  readonly unknown: readonly string[];
}

/**
 * Runs a CloudWatch Logs Insights query over JSON lines. It implements the part of the documented language that the queries
 * use. It rejects unknown syntax and comparisons whose result is not documented.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
 */
export function runQuery(query: string, lines: readonly string[]): QueryResult {
  const commands = parseQuery(query);
  const events = lines.map(discoverFields);
  const known = new Set(events.flatMap((event) => Object.keys(event)));
  const read = new Set<string>();
  let rows: Row[] = events.sort((one, other) => compare(other['@timestamp']!, one['@timestamp']!));
  let shown: readonly string[] | undefined;
  for (const [index, command] of commands.entries()) {
    for (const name of fieldNames(command)) if (!known.has(name)) read.add(name);
    if (commands[index - 1]?.command === 'dedup' && command.command !== 'limit') throw new Error('only limit may follow dedup');
    rows = applyCommand(command, rows);
    if (command.command === 'stats') for (const { name } of [...command.columns, ...command.by]) known.add(name);
    if (command.command === 'fields') for (const { name } of command.columns) known.add(name);
    if (command.command === 'stats') shown = [...command.by, ...command.columns].map(({ name }) => name);
    if (command.command === 'display') shown = command.columns.map(({ name }) => name);
    if (command.command === 'fields') shown = [...(shown ?? []), ...command.columns.map(({ name }) => name)];
  }
  const names = shown ?? ['@timestamp', '@message'];
  return {
    rows: rows
      .slice(0, RESULT_LIMIT)
      .map((row) => Object.fromEntries(names.filter((name) => row[name] != null).map((name) => [name, row[name]!]))),
    unknown: [...read].filter((name) => !name.startsWith('@')),
  };
}

/** The discovered fields of a JSON line. Names of nested fields contain dots, and array items have their index. */
function discoverFields(line: string): Row {
  const event: Record<string, Value> = { '@message': line };
  const flatten = (value: unknown, name: string): void => {
    if (typeof value !== 'object' || value === null) event[name] = value as Value;
    else for (const [key, item] of Object.entries(value)) flatten(item, name ? `${name}.${key}` : key);
  };
  flatten(JSON.parse(line), '');
  event['@timestamp'] = String(event['timestamp']); // the log driver sends this time; here it comes from the line
  return event;
}

function fieldNames(command: Command): string[] {
  const names: string[] = [];
  JSON.stringify(command, (_key, value: unknown) => {
    if (typeof value === 'object' && value !== null && (value as Expression).kind === 'field')
      names.push((value as { name: string }).name);
    return value;
  });
  return names;
}

function applyCommand(command: Command, rows: readonly Row[]): Row[] {
  switch (command.command) {
    case 'fields':
    case 'display':
      return rows.map((row) => ({ ...row, ...computeColumns(command.columns, row) }));
    case 'filter':
      return rows.filter((row) => valueOf(command.condition, row) === true);
    case 'limit':
      return rows.slice(0, command.count);
    case 'sort':
      return rows.toSorted((one, other) => {
        for (const { key, descending } of command.keys) {
          const order = compare(valueOf(key, one), valueOf(key, other));
          if (order) return descending ? -order : order;
        }
        return 0;
      });
    case 'dedup': {
      const seen = new Set<string>();
      return rows.filter((row) => {
        const values = command.columns.map(({ expression }) => valueOf(expression, row));
        if (values.includes(null)) return true; // CWL_QuerySyntax-Dedup: null is no duplicate of null
        const key = JSON.stringify(values);
        return !seen.has(key) && seen.add(key);
      });
    }
    case 'stats':
      return groupRows(command.columns, command.by, rows);
  }
}

const computeColumns = (columns: readonly Named[], row: Row): Row =>
  Object.fromEntries(columns.map(({ expression, name }) => [name, valueOf(expression, row)]));

function groupRows(columns: readonly Named[], by: readonly Named[], rows: readonly Row[]): Row[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify(by.map(({ expression }) => valueOf(expression, row))));
  if (!by.length && !groups.size) groups.set('[]', []);
  return [...groups.values()].map((group) => ({
    ...(group[0] && computeColumns(by, group[0])),
    ...Object.fromEntries(columns.map(({ expression, name }) => [name, aggregate(expression, group)])),
  }));
}

function aggregate(expression: Expression, group: readonly Row[]): Value {
  if (expression.kind === 'value') return expression.value;
  if (expression.kind === 'operation') {
    return calculate(
      expression.operator,
      expression.given.map((each) => aggregate(each, group)),
    );
  }
  if (expression.kind !== 'call') throw new Error('stats needs a function');
  const { name, given } = expression;
  const present = given[0] ? group.filter((row) => valueOf(given[0]!, row) !== null) : group;
  const values = given[0] ? present.map((row) => valueOf(given[0]!, row)) : [];
  const numbers = (): number[] => values.map(Number).sort((one, other) => one - other);
  const byTime = (): readonly Row[] => present.toSorted((one, other) => compare(one['@timestamp']!, other['@timestamp']!));
  if (name === 'count') return present.length;
  if (name === 'count_distinct') return new Set(values).size;
  if (!given[0]) throw new Error(`${name} needs a field`);
  if (!present.length) return null;
  if (name === 'earliest') return valueOf(given[0], byTime()[0]!);
  if (name === 'latest') return valueOf(given[0], byTime().at(-1)!);
  if (name === 'min') return numbers()[0]!;
  if (name === 'max') return numbers().at(-1)!;
  if (name === 'sum') return numbers().reduce((sum, each) => sum + each, 0);
  if (name === 'avg') return numbers().reduce((sum, each) => sum + each, 0) / present.length;
  if (name === 'pct') {
    const rank = Math.ceil((Number(valueOf(given[1]!, {})) / 100) * present.length);
    return numbers()[Math.max(rank, 1) - 1]!;
  }
  throw new Error(`unknown function of stats: ${name}`);
}

function valueOf(expression: Expression, row: Row): Value {
  switch (expression.kind) {
    case 'value':
      return expression.value;
    case 'field':
      return row[expression.name] ?? null;
    case 'call':
      return callFunction(expression.name, expression.given, row);
    case 'operation':
      return applyOperator(expression.operator, expression.given, row);
    default:
      throw new Error('a list or a pattern stands where a value is needed');
  }
}

function callFunction(name: string, given: readonly Expression[], row: Row): Value {
  if (name === 'ispresent') return valueOf(given[0]!, row) !== null;
  if (name !== 'bin') throw new Error(`unknown function: ${name}`);
  const [, count, unit] = /^(\d+)([a-z]+)$/.exec(String(valueOf(given[0]!, row)))!;
  const period = Number(count) * PERIOD_MS[unit!]!;
  return new Date(Math.floor(Date.parse(String(row['@timestamp'])) / period) * period).toISOString();
}

function applyOperator(operator: string, [left, right]: readonly Expression[], row: Row): Value {
  if (operator === 'and') return valueOf(left!, row) === true && valueOf(right!, row) === true;
  if (operator === 'or') return valueOf(left!, row) === true || valueOf(right!, row) === true;
  if (operator === 'not') return valueOf(left!, row) !== true;
  const value = valueOf(left!, row);
  if (operator === 'in') {
    if (right?.kind !== 'list') throw new Error('in needs a list');
    return right.items.some((item) => value !== null && String(valueOf(item, row)) === String(value));
  }
  if (operator === 'like') {
    if (right?.kind === 'pattern') return value !== null && right.value.test(String(value));
    return value !== null && String(value).includes(String(valueOf(right!, row)));
  }
  const other = valueOf(right!, row);
  if (['+', '-', '*', '/'].includes(operator)) return calculate(operator, [value, other]);
  if (operator === '=') return value !== null && other !== null && String(value) === String(other);
  if (value === null || other === null) {
    if (operator === '!=') throw new Error('what != says of a field that is absent is not documented: use ispresent');
    return false;
  }
  if (operator === '!=') return String(value) !== String(other);
  const order = compare(value, other);
  return operator === '<' ? order < 0 : operator === '<=' ? order <= 0 : operator === '>' ? order > 0 : order >= 0;
}

function calculate(operator: string, [left, right]: readonly Value[]): Value {
  if (left === null || right === null) return null;
  const [one, other] = [Number(left), Number(right)];
  if (operator === '+') return one + other;
  if (operator === '-') return one - other;
  if (operator === '*') return one * other;
  if (operator === '/') return one / other;
  throw new Error(`stats cannot do ${operator}`);
}

/** Compares numbers by value and other values as text. Missing values come first. */
function compare(one: Value, other: Value): number {
  if (one === null || other === null) return Number(one !== null) - Number(other !== null);
  const [left, right] = [Number(one), Number(other)];
  if (!Number.isNaN(left) && !Number.isNaN(right)) return left - right;
  return String(one) < String(other) ? -1 : Number(String(one) > String(other));
}
