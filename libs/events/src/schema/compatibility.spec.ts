import { Description, OptionalField } from '@pikaia/core';
import { Type } from 'class-transformer';
import * as rules from 'class-validator';
import fc from 'fast-check';
import { valuesOf, type Schema } from '../../../../test/support/contracts/schema.arbitrary.js';
import { parseData } from '../consume/event.parser.js';
import type { ReceivedEnvelope } from '../consume/event.reader.js';
import { contractOf, DomainEvent, type Contract } from '../contract/domain-event.js';
import { findIncompatibilities, type CompatibilityRule } from './compatibility.js';
import { dataSchema } from './data.schema.js';

type Fields = Readonly<Record<string, readonly PropertyDecorator[]>>;

let count = 0;
function contractWith(fields: Fields, options: object = {}): Contract {
  class Data {}
  for (const [name, decorators] of Object.entries(fields)) for (const decorate of decorators) decorate(Data.prototype, name);
  DomainEvent(`spec.compared_${count++}`, { version: 1, aggregate: 'spec', ...options })(Data);
  return contractOf(Data);
}

const { IsInt, IsString, IsIn, IsOptional, MaxLength } = rules;
class Part {
  @IsString()
  name!: string;
}
class RenamedPart {
  @IsString()
  name!: string;
}
class LargerPart extends Part {
  @IsString()
  unit!: string;
}
const nested = (type: Function) => [rules.ValidateNested(), Type(() => type)];
const kept = [IsString()];

/** For each rule: a change that it allows, and one that it refuses, with the field. */
const PAIRS: readonly [CompatibilityRule, { passes: [Fields, Fields]; fails: [Fields, Fields] }, string?][] = [
  [
    'required-field-added',
    { passes: [{ kept }, { kept, value: [OptionalField(), IsInt()] }], fails: [{ kept }, { kept, value: [IsInt()] }] },
  ],
  [
    'field-removed',
    {
      passes: [
        { kept, value: [IsInt()] },
        { value: [IsInt()], kept },
      ],
      fails: [{ kept, value: [IsInt()] }, { kept }],
    },
  ],
  [
    'field-made-required',
    {
      passes: [{ value: [IsInt()] }, { value: [IsInt(), rules.IsDefined()] }],
      fails: [{ value: [OptionalField(), IsInt()] }, { value: [IsInt()] }],
    },
  ],
  [
    'field-made-optional',
    {
      passes: [{ value: [OptionalField(), IsInt()] }, { value: [OptionalField(), IsInt(), Description('A number.')] }],
      fails: [{ value: [IsInt()] }, { value: [OptionalField(), IsInt()] }],
    },
  ],
  [
    'null-accepted',
    {
      passes: [{ value: [IsOptional(), IsInt()] }, { value: [IsInt(), IsOptional()] }],
      fails: [{ value: [OptionalField(), IsInt()] }, { value: [IsOptional(), IsInt()] }],
    },
  ],
  [
    'null-refused',
    {
      passes: [{ value: [IsOptional(), IsInt()] }, { value: [IsOptional(), OptionalField(), IsInt()] }],
      fails: [{ value: [IsOptional(), IsInt()] }, { value: [OptionalField(), IsInt()] }],
    },
  ],
  [
    'type-changed',
    { passes: [{ value: nested(Part) }, { value: nested(RenamedPart) }], fails: [{ value: [IsInt()] }, { value: kept }] },
  ],
  [
    'value-added',
    {
      passes: [{ value: [IsIn(['a', 'b'])] }, { value: [IsIn(['b', 'a'])] }],
      fails: [{ value: [IsIn(['a'])] }, { value: [IsIn(['a', 'b'])] }],
    },
  ],
  [
    'value-removed',
    {
      passes: [{ value: [IsIn(['a'])] }, { value: [rules.Equals('a')] }],
      fails: [{ value: [IsIn(['a', 'b'])] }, { value: [IsIn(['b'])] }],
    },
  ],
  [
    'limit-tightened',
    {
      passes: [{ value: [MaxLength(9)] }, { value: [rules.Length(0, 9)] }],
      fails: [{ value: [MaxLength(9)] }, { value: [MaxLength(3)] }],
    },
  ],
  [
    'limit-loosened',
    {
      passes: [{ value: [rules.Max(5)] }, { value: [rules.Max(5), rules.Max(9)] }],
      fails: [{ value: [rules.Max(5)] }, { value: [rules.Max(9)] }],
    },
  ],
  [
    'pattern-changed',
    {
      passes: [{ value: [rules.Matches(/^[a-z]+$/)] }, { value: [rules.Matches(/^[a-z]+$/u), IsString()] }],
      fails: [{ value: [rules.Matches(/^[a-z]+$/)] }, { value: [rules.Matches(/^[a-z0-9]+$/)] }],
    },
  ],
  [
    'rule-changed',
    {
      passes: [{ value: [IsInt(), rules.NotEquals(1)] }, { value: [IsInt(), rules.IsNotIn([1])] }],
      fails: [{ value: [IsInt(), rules.NotEquals(1)] }, { value: [IsInt(), rules.NotEquals(2)] }],
    },
  ],
  [
    'required-field-added',
    {
      passes: [{ value: nested(Part) }, { value: nested(RenamedPart) }],
      fails: [{ value: nested(Part) }, { value: nested(LargerPart) }],
    },
    'value.unit',
  ],
  [
    'limit-tightened',
    {
      passes: [{ value: [rules.IsArray(), IsString({ each: true })] }, { value: [IsString({ each: true }), rules.IsArray()] }],
      fails: [
        { value: [rules.IsArray(), IsInt({ each: true })] },
        { value: [rules.IsArray(), IsInt({ each: true }), rules.Min(0, { each: true })] },
      ],
    },
    'value[]',
  ],
];

/** Tells whether a consumer with one contract reads every event that a publisher with the other one writes. */
async function reads(consumer: Contract, publisher: Contract): Promise<boolean> {
  const values = fc.sample(valuesOf(dataSchema(publisher) as Schema), { numRuns: 300, seed: 29 });
  const parsed = values.map((data) => parseData({ stored: consumer, steps: [], wanted: consumer }, { data } as ReceivedEnvelope));
  return (await Promise.allSettled(parsed)).every(({ status }) => status === 'fulfilled');
}

const compare = (before: Contract, after: Contract) => {
  const [published, current] = [dataSchema(before), dataSchema(after)];
  return findIncompatibilities(published, { ...current, $comment: published.$comment! });
};

describe.each(PAIRS)('the rule %s', (rule, { passes, fails }, field = 'value') => {
  it('allows a change after which old and new consumers read each other’s events', async () => {
    const [before, after] = passes.map((fields) => contractWith(fields)) as [Contract, Contract];
    expect(compare(before, after)).toEqual([]);
    expect([await reads(before, after), await reads(after, before)]).toEqual([true, true]);
  });

  it('refuses a change after which one of them cannot read the other’s events', async () => {
    const [before, after] = fails.map((fields) => contractWith(fields)) as [Contract, Contract];
    expect(compare(before, after)).toContainEqual({ field, rule, reason: expect.stringMatching(/\w+/) });
    expect([await reads(before, after), await reads(after, before)]).toContain(false);
  });
});

it('a change of the aggregate or the source is refused, because bus rules and the order of events depend on them', () => {
  const [before, after] = [contractWith({ kept }), contractWith({ kept }, { source: 'shop.spec' })].map(dataSchema);
  expect(findIncompatibilities(before!, after!)).toMatchObject([{ field: 'data', rule: 'aggregate-or-source-changed' }]);
  expect(findIncompatibilities(before!, { ...before!, description: 'A new description.' })).toEqual([]);
});

it('an object with any fields cannot become a class', () => {
  const [before, after] = [contractWith({ value: [rules.IsObject()] }), contractWith({ value: nested(Part) })] as const;
  expect(compare(before, after)).toMatchObject([{ field: 'value', rule: 'type-changed' }]);
  expect(compare(after, before)).toMatchObject([{ field: 'value', rule: 'type-changed' }]);
});
