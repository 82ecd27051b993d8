import { IsText, IsTimestamp, OptionalField } from '@pikaia/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Type } from 'class-transformer';
import * as rules from 'class-validator';
import fc from 'fast-check';
import {
  anyJson,
  borderText,
  hasLongForeignAddress,
  mutationsOf,
  valuesOf,
  type Schema,
} from '../../../../test/support/contracts/schema.arbitrary.js';
import { parseData } from '../consume/event.parser.js';
import type { ReceivedEnvelope } from '../consume/event.reader.js';
import { contractOf, DomainEvent, type Contract } from '../contract/domain-event.js';
import { checkData } from '../record/event-data.js';
import { dataSchema } from './data.schema.js';
import { EMAIL_PATTERN } from './text.patterns.js';

let count = 0;
/** Declares a contract with the field `value`. */
function contractWith(...decorators: PropertyDecorator[]): Contract {
  class Value {
    value!: unknown;
  }
  for (const decorate of decorators.toReversed()) decorate(Value.prototype, 'value');
  DomainEvent(`spec.agreed_${count++}`, { version: 1, aggregate: 'spec' })(Value);
  return contractOf(Value);
}

class Line {
  @rules.IsInt()
  @rules.Min(1)
  count!: number;

  @OptionalField()
  @rules.IsString()
  note?: string;

  @OptionalField()
  @rules.ValidateNested({ each: true })
  @Type(() => Line)
  parts?: Line[];
}

enum Size {
  small,
  large = 'L',
}

const { IsArray, IsString, IsInt, IsOptional } = rules;
const each = { each: true };

const CASES: readonly [string, ...PropertyDecorator[]][] = [
  ['IsString', IsString()],
  ['IsBoolean', rules.IsBoolean()],
  ['IsInt', IsInt()],
  ['IsNumber', rules.IsNumber()],
  ['Min and Max', IsInt(), rules.Min(-3), rules.Max(100)],
  ['Min and Max without a type', rules.Min(-0.5), rules.Max(7)],
  ['IsPositive', rules.IsPositive()],
  ['IsNegative', rules.IsNegative()],
  ['Length', rules.Length(2, 5)],
  ['MinLength', rules.MinLength(3)],
  ['MinLength of 1 and MaxLength', IsString(), rules.MinLength(1), rules.MaxLength(9)],
  ['MaxLength', rules.MaxLength(9)],
  ['IsText', IsText({ min: 2, max: 200 })],
  ['IsNotEmpty', IsString(), rules.IsNotEmpty()],
  ['IsDefined', rules.IsDefined(), rules.IsBoolean()],
  ['Matches', rules.Matches(/^[a-zA-F]{2,4}$/)],
  ['Matches with u', rules.Matches(/^.{2,3}$/u)],
  ['two Matches', rules.Matches(/a/), rules.Matches(/^[a-z]+$/), rules.MaxLength(3)],
  ['Matches of a text', rules.Matches('^[0-9]+$', 'u')],
  ['IsUUID', rules.IsUUID()],
  ['IsUUID of version 4', rules.IsUUID('4')],
  ['IsUUID of several versions', rules.IsUUID(['1', '7', 'nil', 'max'])],
  ['IsUUID without a version', rules.IsUUID('loose')],
  ['IsEmail', rules.IsEmail()],
  ['IsTimestamp', IsTimestamp()],
  ['IsISO8601', rules.IsISO8601()],
  ['IsISO8601 with a strict separator', rules.IsISO8601({ strictSeparator: true })],
  ['IsDateString', rules.IsDateString()],
  ['IsDate', Type(() => Date), rules.IsDate()],
  ['IsAscii', rules.IsAscii()],
  ['IsAlpha', rules.IsAlpha()],
  ['IsAlphanumeric', rules.IsAlphanumeric()],
  ['IsHexadecimal', rules.IsHexadecimal()],
  ['IsMongoId', rules.IsMongoId()],
  ['IsNumberString', rules.IsNumberString()],
  ['IsNumberString without symbols', rules.IsNumberString({ no_symbols: true })],
  ['IsBooleanString', rules.IsBooleanString()],
  ['IsIn', rules.IsIn(['a', 'b', 7, null])],
  ['IsEnum', rules.IsEnum(Size)],
  ['IsIn and IsString', rules.IsIn(['a', 1]), IsString()],
  ['Equals', rules.Equals('a')],
  ['NotEquals', IsInt(), rules.NotEquals(1)],
  ['IsNotIn', IsString(), rules.IsNotIn(['a', ''])],
  ['IsObject', rules.IsObject()],
  ['IsNotEmptyObject', rules.IsNotEmptyObject()],
  ['IsArray', IsArray()],
  ['a list of texts', IsArray(), IsString(each), rules.MaxLength(2, each)],
  ['a list with a size', rules.ArrayMinSize(1), rules.ArrayMaxSize(3), IsInt(each)],
  ['ArrayNotEmpty', rules.ArrayNotEmpty()],
  ['ArrayUnique', rules.ArrayUnique(), rules.IsIn(['a', 'b', 1, '1'], each)],
  ['ArrayUnique of texts', rules.ArrayUnique(), IsString(each)],
  ['a list of dates', IsArray(), Type(() => Date), rules.IsDate(each)],
  ['@Type of a primitive', IsInt(), Type(() => Number)],
  ['IsOptional', IsOptional(), IsString()],
  ['OptionalField', OptionalField(), IsString()],
  ['IsOptional with a list of values', IsOptional(), rules.IsIn(['a', 'b'])],
  ['Allow', rules.Allow()],
  ['a nested class', rules.ValidateNested(), Type(() => Line)],
  ['an optional nested class', IsOptional(), rules.ValidateNested(), Type(() => Line)],
  ['a list of nested classes', rules.ValidateNested(each), Type(() => Line), rules.ArrayMaxSize(2)],
];

const ajv = new Ajv2020({ strict: true, allErrors: true });

function accepts(contract: Contract, data: unknown): boolean {
  try {
    checkData(contract, data);
    return true;
  } catch {
    return false;
  }
}

describe('the schema of a contract', () => {
  it.each(CASES)('accepts the same data as publish, which consumers can read: %s', async (_, ...decorators) => {
    const contract = contractWith(...decorators);
    const schema = dataSchema(contract) as Schema;
    const validate = ajv.compile(schema);
    const verdicts = { accepted: 0, refused: 0 };
    const valid = valuesOf(schema);
    const data = fc.oneof(
      valid.chain(mutationsOf),
      fc.record({ value: anyJson }, { requiredKeys: [], noNullPrototype: true }),
      fc.record({ value: borderText }, { noNullPrototype: true }),
    );
    await fc.assert(
      fc.asyncProperty(valid, async (value) => {
        fc.pre(!hasLongForeignAddress(value));
        expect([value, validate(value), accepts(contract, value)]).toEqual([value, true, true]);
        await parseData({ stored: contract, steps: [], wanted: contract }, { data: value } as ReceivedEnvelope);
      }),
      { numRuns: 200, seed: 29 },
    );
    fc.assert(
      fc.property(data, (value) => {
        fc.pre(!hasLongForeignAddress(value));
        const isAccepted = accepts(contract, value);
        verdicts[isAccepted ? 'accepted' : 'refused']++;
        expect([value, validate(value)]).toEqual([value, isAccepted]);
      }),
      { numRuns: 1_000, seed: 29 },
    );
    expect(verdicts.refused).toBeGreaterThan(100);
  });

  it('is found to differ if it accepts one character more', () => {
    const validate = ajv.compile(dataSchema(contractWith(rules.MaxLength(10))) as Schema);
    const contract = contractWith(rules.MaxLength(9));
    const found = fc.check(
      fc.property(
        fc.record({ value: borderText }, { noNullPrototype: true }),
        (value) => validate(value) === accepts(contract, value),
      ),
      { numRuns: 1_000, seed: 29 },
    );
    expect(found.failed).toBe(true);
  });

  it('differs from publish only for the length of an email address with letters beyond ASCII', () => {
    const contract = contractWith(rules.IsEmail());
    const value = `${'ü'.repeat(33)}@example.com`; // 66 bytes, and the rule allows 64
    expect(value).toMatch(new RegExp(EMAIL_PATTERN, 'u'));
    expect(accepts(contract, { value })).toBe(false);
  });
});
