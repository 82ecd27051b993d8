import { parseExpression, type Expression } from './metric-math.parser.ts';

/** One value per period; null if there is no data. */
export type Series = readonly (number | null)[];
type Value = number | Series | readonly Series[];

export interface Assumption {
  /** Whether FILL creates points for a metric without any data. AWS does not document this. */
  readonly fillsEmpty: boolean;
}

/** Both interpretations of undocumented behavior. Tests must hold for each. */
export const ASSUMPTIONS: readonly Assumption[] = [{ fillsEmpty: true }, { fillsEmpty: false }];

/**
 * Evaluates a metric math expression over series of equal length. Supports only the functions FILL, IF, MAX and SUM.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 * @throws Error for an unknown function or syntax, and for a missing series
 */
export function compute(text: string, series: Readonly<Record<string, Series>>, { fillsEmpty }: Assumption): Series {
  const lengths = new Set(Object.values(series).map(({ length }) => length));
  if (lengths.size !== 1) throw new Error('the series have different lengths');
  const [length] = lengths as Set<number>;

  const evaluate = (expression: Expression): Value => {
    switch (expression.kind) {
      case 'number':
        return expression.value;
      case 'metric':
        if (!series[expression.id]) throw new Error(`no series ${expression.id}`);
        return series[expression.id]!;
      case 'list':
        return expression.items.map((item) => oneSeries(evaluate(item)));
      case 'operation':
        return pointwise([evaluate(expression.left), evaluate(expression.right)], ([left, right]) =>
          operate(expression.operator, left!, right!),
        );
      case 'call':
        return call(expression.name, expression.given.map(evaluate));
    }
  };

  const call = (name: string, given: readonly Value[]): Value => {
    if (name === 'FILL' && given.length === 2 && typeof given[1] === 'number') {
      const [of, filling] = [oneSeries(given[0]!), given[1]];
      return !fillsEmpty && of.every((point) => point === null) ? of : of.map((point) => point ?? filling);
    }
    if (name === 'IF' && given.length === 3)
      return pointwise(given, ([condition, one, other]) => (condition! !== 0 ? one! : other!));
    if ((name === 'MAX' || name === 'SUM') && given.length === 1 && Array.isArray(given[0]) && Array.isArray(given[0][0]))
      return across(given[0] as readonly Series[], name);
    throw new Error(`${name} of ${given.length} is not known here: ${text}`);
  };

  /** Combines several values point by point. The result is null if one of them is null. Numbers are constant series. */
  const pointwise = (values: readonly Value[], combine: (points: number[]) => number | null): Value => {
    if (values.every((value) => typeof value === 'number')) return combine(values as number[]) ?? Number.NaN;
    return Array.from({ length: length! }, (_, time) => {
      const points = values.map((value) => (typeof value === 'number' ? value : oneSeries(value)[time]!));
      return points.includes(null as never) ? null : combine(points as number[]);
    });
  };

  /** Reduces several series to one, ignoring missing points. */
  const across = (all: readonly Series[], name: 'MAX' | 'SUM'): Series =>
    Array.from({ length: length! }, (_, time) => {
      const points = all.map((one) => one[time]!).filter((point) => point !== null);
      if (!points.length) return null;
      return name === 'MAX' ? Math.max(...points) : points.reduce((sum, point) => sum + point, 0);
    });

  return oneSeries(evaluate(parseExpression(text)));
}

function oneSeries(value: Value): Series {
  if (typeof value === 'number' || Array.isArray(value[0])) throw new Error('a series is needed');
  return value as Series;
}

function operate(operator: string, left: number, right: number): number | null {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? null : left / right; // CloudWatch does not store infinity
    case '<':
      return Number(left < right);
    case '>':
      return Number(left > right);
    case '<=':
      return Number(left <= right);
    case '>=':
      return Number(left >= right);
    case '==':
      return Number(left === right);
    case '!=':
      return Number(left !== right);
    default:
      throw new Error(`${operator} is not known here`);
  }
}
