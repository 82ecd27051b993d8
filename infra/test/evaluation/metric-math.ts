import { parseExpression, type Expression } from './metric-math.parser.ts';

/** A value a period; null where there is none. */
export type Series = readonly (number | null)[];
type Value = number | Series | readonly Series[];

export interface Assumption {
  /** What is not documented: whether FILL makes points of a metric that has none in all of the time. */
  readonly fillsEmpty: boolean;
}

/** Both readings of what is not documented: what is concluded must hold in each. */
export const ASSUMPTIONS: readonly Assumption[] = [{ fillsEmpty: true }, { fillsEmpty: false }];

/**
 * Computes an expression of metric math over series of one length, for the functions FILL, IF, MAX and SUM alone.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 * @throws Error for what is not known, and for series that are not there
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

  /** Where one of several has no point there is none. Numbers are the same at all times. */
  const pointwise = (values: readonly Value[], combine: (points: number[]) => number | null): Value => {
    if (values.every((value) => typeof value === 'number')) return combine(values as number[]) ?? Number.NaN;
    return Array.from({ length: length! }, (_, time) => {
      const points = values.map((value) => (typeof value === 'number' ? value : oneSeries(value)[time]!));
      return points.includes(null as never) ? null : combine(points as number[]);
    });
  };

  /** Over several series, of the points that are there. */
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
      return right === 0 ? null : left / right; // CloudWatch keeps no infinity
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
