import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextState } from './alarm-states.ts';
import { ASSUMPTIONS, compute, type Series } from './metric-math.ts';

const [filling, leaving] = ASSUMPTIONS as [{ fillsEmpty: true }, { fillsEmpty: false }];
const value = (text: string, series: Record<string, Series> = { a: [1, null, 3], b: [10, 20, 0] }, assumption = filling) =>
  compute(text, series, assumption);

describe('the evaluation of metric math', () => {
  it('computes each point separately, with null if an operand is missing', () => {
    assert.deepEqual(value('a + b * 2'), [21, null, 3]);
    assert.deepEqual(value('(a + b) * 2'), [22, null, 6]);
    assert.deepEqual(value('a / b'), [0.1, null, null]); // a division by zero has no result
    assert.deepEqual(value('a - 1 >= 1'), [0, null, 1]);
  });

  it('evaluates FILL, IF, and functions over several series', () => {
    assert.deepEqual(value('FILL(a, 0)'), [1, 0, 3]);
    assert.deepEqual(value('IF(b > 5, b, 100)'), [10, 20, 100]);
    assert.deepEqual(value('MAX([a, b])'), [10, 20, 3]);
    assert.deepEqual(value('SUM([FILL(a, 0), b])'), [11, 20, 3]);
  });

  it('supports both interpretations of FILL for a series without data', () => {
    const nothing = { a: [null, null] };
    assert.deepEqual(
      [value('FILL(a, 0)', nothing), value('FILL(a, 0)', nothing, leaving as never)],
      [
        [0, 0],
        [null, null],
      ],
    );
  });

  for (const text of [
    'AVG([a, b])',
    'FILL(a, REPEAT)',
    'MAX(a)',
    'a && b',
    'a +',
    'a b',
    'c',
    '7',
    '[a]',
    'IF(a, b)',
    'RATE(a)',
    "a % 'x'",
    '-a',
  ]) {
    it(`refuses the expression ${text}`, () => assert.throws(() => value(text)));
  }
});

describe("the states of an alarm, by the tables of CloudWatch's documentation", () => {
  const points = (text: string): (boolean | null)[] => text.split(' ').map((one) => (one === '-' ? null : one === 'X'));
  const treatments = ['ignore', 'breaching', 'notBreaching'];
  const retained = 'INSUFFICIENT_DATA'; // the earlier state is kept
  const tables = {
    3: [
      ['0 - X - X', 'OK', 'OK', 'OK'],
      ['0 - - - -', 'OK', 'OK', 'OK'],
      ['- - - - -', retained, 'ALARM', 'OK'],
      ['0 X X - X', 'ALARM', 'ALARM', 'ALARM'],
      ['- - X - -', retained, 'ALARM', 'OK'],
    ],
    2: [
      ['0 - X - X', 'ALARM', 'ALARM', 'ALARM'],
      ['0 0 X 0 X', 'ALARM', 'ALARM', 'ALARM'],
      ['0 - X - -', 'OK', 'ALARM', 'OK'],
      ['- - - - 0', 'OK', 'ALARM', 'OK'],
      ['- - - X -', retained, 'ALARM', 'OK'],
    ],
  };
  for (const [breaching, rows] of Object.entries(tables)) {
    for (const [text, ...expected] of rows) {
      it(`for ${breaching} of 3 breaching points in ${text}`, () => {
        const states = treatments.map((missing) =>
          nextState(points(text!), { needed: 3, breaching: Number(breaching), missing, before: retained }),
        );
        assert.deepEqual(states, expected);
      });
    }
  }

  it('refuses a treatment of missing data that the tables do not cover', () => {
    assert.throws(() => nextState([null], { needed: 1, breaching: 1, missing: 'missing', before: 'OK' }));
  });
});
