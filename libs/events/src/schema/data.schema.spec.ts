import { Description, IsVisibleText, OptionalField, textProblem, TextRule } from '@pikaia/core';
import { Type } from 'class-transformer';
import * as rules from 'class-validator';
import { contractOf, DomainEvent, type Contract } from '../contract/domain-event.js';
import { dataSchema } from './data.schema.js';
import { describeContracts } from './described.contract.js';
import { isPastTense } from './event-names.js';
import { declareRuleSchema } from './rule.schemas.js';
import { lengthPattern } from './text.patterns.js';

let count = 0;
function declare(type: new () => object, options: object = {}): Contract {
  DomainEvent(`spec.written_${count++}`, { version: 1, aggregate: 'spec', ...options })(type);
  return contractOf(type);
}

/** Declares a class `Order` with the field `value`. */
function orderWith(...decorators: PropertyDecorator[]): Contract {
  class Order {}
  for (const decorate of decorators.toReversed()) decorate(Order.prototype, 'value');
  return declare(Order);
}

const refusal = (...parts: string[]) =>
  expect.objectContaining({
    code: 'PIKAIA_EVENT_SCHEMA_UNSUPPORTED',
    message: expect.stringMatching(parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('[^]*')),
  });

const each = { each: true };
const { IsInt, IsString, Matches, ValidateIf } = rules;

@rules.ValidatorConstraint({ name: 'isEven' })
class IsEven {
  validate = (value: unknown) => typeof value === 'number' && value % 2 === 0;
}
class Circle {
  @rules.IsPositive()
  radius!: number;
}
const shapes = {
  discriminator: { property: 'kind', subTypes: [{ value: Circle, name: 'circle' }] },
  keepDiscriminatorProperty: true,
};

describe('dataSchema', () => {
  it.each<[string, PropertyDecorator[], string[]]>([
    ['a decorator without a schema', [rules.IsUrl()], ['@IsUrl', "declareRuleSchema('isUrl'"]],
    ['a decorator of the application', [rules.Validate(IsEven)], ['@IsEven', "declareRuleSchema('isEven'"]],
    ['an expression with the flag i', [Matches(/^[a-z]$/i)], ['@Matches', 'flag i', '[A-Za-z]']],
    ['an expression that counts code units', [Matches(/^.{3}$/)], ['@Matches', 'add the flag u']],
    ['an expression that needs the mode without u', [Matches('^\\-$')], ['@Matches', 'correct it']],
    ['an expression with the flag m', [Matches(/^a$/m)], ['@Matches', 'flag m']],
    ['decimal places', [rules.IsNumber({ maxDecimalPlaces: 2 })], ['@IsNumber', 'use @IsInt']],
    ['options of IsEmail', [rules.IsEmail({ require_tld: false })], ['@IsEmail', 'without options']],
    ['a strict ISO 8601 date', [rules.IsISO8601({ strict: true })], ['@IsISO8601', '@IsTimestamp()']],
    ['an unknown version of a UUID', [rules.IsUUID('9' as never)], ['@IsUUID', '1 to 8']],
    ['objects in a list of values', [rules.IsIn([{ a: 1 }])], ['@IsIn', 'only texts, numbers']],
    ['a condition', [ValidateIf(() => true), IsString()], ['@ValidateIf', '@OptionalField()']],
    ['a condition of one rule', [IsString({ validateIf: () => true })], ['@IsString', 'validateIf']],
    ['rules of items without a list', [IsString(each)], ['{ each: true }', 'add @IsArray()']],
    ['no type', [rules.IsNotEmpty()], ['no decorator says its type', '@IsString()']],
    ['no type but @Type, which allows a list', [rules.IsDefined(), Type(() => Number)], ['no decorator says its type']],
    ['two types', [IsString(), IsInt()], ['no value is both']],
    ['values that another rule refuses', [rules.IsIn(['a']), rules.NotEquals('a')], ['no value satisfies']],
    ['a Date without @Type', [rules.IsDate()], ['@IsDate', 'add @Type(() => Date)']],
    ['@Type of a Date without a rule for it', [rules.IsDefined(), Type(() => Date)], ['add @IsDate()']],
    ['@ArrayUnique of objects', [rules.ArrayUnique(), rules.IsObject(each)], ['@ArrayUnique', 'texts or numbers']],
    [
      '@ArrayUnique with a function',
      [rules.ArrayUnique((o: { id: 1 }) => o.id), IsString(each)],
      ['@ArrayUnique', 'without a function'],
    ],
    ['@ArrayUnique with a function of the value', [rules.ArrayUnique((o) => typeof o), IsString(each)], ['without a function']],
    ['a discriminator', [rules.ValidateNested(), Type(() => Circle, shapes)], ['discriminator', 'an event type for each kind']],
  ])('refuses %s, and names the class, the field, the decorator and the cure', (_, decorators, parts) => {
    expect(() => dataSchema(orderWith(...decorators))).toThrow(refusal('Order.value: ', ...parts));
  });

  it('refuses a class without fields, and a field with an initial value and no rule', () => {
    class Empty {}
    expect(() => dataSchema(declare(Empty))).toThrow(refusal('Empty has no field'));
    class Counted {
      @IsInt()
      count!: number;
      step = 1;
    }
    expect(() => dataSchema(declare(Counted))).toThrow(refusal('Counted.step has an initial value but no rule'));
  });

  it('reports the problems of all fields and inner classes at once', () => {
    class Inner {
      @rules.IsUrl()
      link!: string;
    }
    class Outer {
      @rules.IsLocale()
      locale!: string;
      @rules.ValidateNested()
      @Type(() => Inner)
      inner!: Inner;
    }
    expect(() => dataSchema(declare(Outer))).toThrow(refusal('Outer.locale: @IsLocale', 'Inner.link: @IsUrl'));
  });

  it('refuses a decorator that differs from its schema', () => {
    const IsEmail = TextRule('isEmail', (value) => (String(value).includes('@') ? undefined : 'must have an @'));
    expect(() => dataSchema(orderWith(IsEmail))).toThrow(refusal('Order.value: @IsEmail: it differs from its schema for "'));
    declareRuleSchema('isShort', ([max]) => ({ type: 'string', pattern: lengthPattern(0, Number(max)) }));
    const isShort = (max: number, declared: number) => TextRule('isShort', (value) => textProblem(value, { max }), [declared]);
    expect(dataSchema(orderWith(isShort(500, 500))).required).toEqual(['value']);
    expect(() => dataSchema(orderWith(isShort(500, 501)))).toThrow(refusal('@IsShort: it differs from its schema'));
  });

  it('requires a field that has an initial value, because consumers would read that value instead', () => {
    class Order {
      @OptionalField()
      @IsInt()
      count?: number = 1;
    }
    expect(dataSchema(declare(Order)).required).toEqual(['count']);
  });

  it('uses a declared schema of a decorator of the application', () => {
    const IsPostcode = TextRule(
      'isPostcode',
      (value) => (/^[0-9]{5}$/.test(String(value)) ? undefined : 'must be a postcode'),
      [5],
    );
    declareRuleSchema('isPostcode', ([digits]) => ({ type: 'string', pattern: `^[0-9]{${String(digits)}}$` }));
    expect(dataSchema(orderWith(IsPostcode)).properties).toEqual({ value: { type: 'string', pattern: '^[0-9]{5}$' } });
    expect(() => declareRuleSchema('isPostcode', () => ({}))).toThrow(refusal('isPostcode already has a schema'));
    expect(() => declareRuleSchema('isEmail', () => ({}))).toThrow(refusal('isEmail already has a schema'));
    declareRuleSchema('isShape', () => ({ anyOf: [] }));
    expect(() => dataSchema(orderWith(TextRule('isShape', () => undefined)))).toThrow(refusal('@IsShape', 'the keyword anyOf'));
  });

  it('describes classes and fields, and keeps inner classes of the same name apart', () => {
    const partWith = (field: string) => {
      class Part {}
      IsInt()(Part.prototype, field);
      return Part;
    };
    const [first, second] = [partWith('one'), partWith('two')];
    @Description('An order.')
    class Order {
      @rules.ValidateNested()
      @Type(() => first)
      @Description('The first part.')
      first!: object;

      @OptionalField()
      @rules.ValidateNested()
      @Type(() => second)
      second?: object;
    }
    const contract = declare(Order, { source: 'shop.spec' });
    const part = (field: string) => ({
      type: 'object',
      properties: { [field]: { type: 'integer' } },
      required: [field],
      additionalProperties: false,
    });
    expect(dataSchema(contract)).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: `urn:pikaia:event:${contract.type}:v1`,
      title: `${contract.type} version 1`,
      description: 'An order.',
      $comment: 'aggregate: spec; source: shop.spec',
      type: 'object',
      properties: {
        first: { description: 'The first part.', type: 'object', $ref: '#/$defs/Part' },
        second: { type: 'object', $ref: '#/$defs/Part2' },
      },
      required: ['first'],
      additionalProperties: false,
      $defs: { Part: part('one'), Part2: part('two') },
    });
  });
});

describe('the example of a contract', () => {
  it('is generated from the schema if the contract has none', () => {
    class Line {
      @rules.Length(9, 12)
      text!: string;
      @OptionalField()
      @rules.ValidateNested({ each: true })
      @Type(() => Line)
      lines?: Line[];
    }
    class Order {
      @rules.IsEmail()
      email!: string;
      @IsInt()
      @rules.Max(7)
      count!: number;
      @rules.ValidateNested()
      @Type(() => Line)
      line!: Line;
    }
    const [described] = describeContracts([declare(Order)], []);
    expect(described!.example.data).toEqual({ email: 'bob@example.com', count: 7, line: { text: 'example..', lines: [] } });
  });

  it('has to be given if a value cannot be generated, and has to fulfil the contract', () => {
    class Order {
      @Matches(/^A[0-9]$/)
      number!: string;
    }
    class Other extends Order {}
    expect(() => describeContracts([declare(Order)], [])).toThrow(
      refusal('cannot be generated', 'example: { … }', 'number breaks matches'),
    );
    expect(() => describeContracts([declare(Other, { example: { number: 'B1' } })], [])).toThrow(
      refusal('The example', 'number breaks'),
    );
  });
});

it('text that people see is trimmed before it is published, so its decorator stays refused in contracts', () => {
  expect(() => orderWith(IsVisibleText({ max: 9 }))).toThrow(expect.objectContaining({ code: 'PIKAIA_EVENT_CONTRACT_INVALID' }));
});

describe('isPastTense', () => {
  it.each(['member.invited', 'member.role_changed', 'order.sent', 'file.taken_over'])('accepts %s', (type) => {
    expect(isPastTense(type)).toBe(true);
  });

  it.each(['member.invite', 'order.placing', 'bed.red', 'order.shipment_feed'])('does not accept %s', (type) => {
    expect(isPastTense(type)).toBe(false);
  });
});
