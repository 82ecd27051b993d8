import { newId } from '@pikaia/core';
import { Type } from 'class-transformer';
import { IsArray, IsDate, IsEmail, IsIn, IsInt, IsOptional, IsString, ValidateIf, ValidateNested } from 'class-validator';
import { parseEvent } from '../consume/event.parser.js';
import { contractOf, DomainEvent, type ContractClass } from '../contract/domain-event.js';
import { checkData } from './event-data.js';

class Sender {
  @IsEmail()
  email!: string;
}

@DomainEvent('letter.sent', { version: 2, aggregate: 'letter' })
class LetterSent {
  @IsString()
  title!: string;

  @IsIn(['air', 'land'])
  way!: string;

  @ValidateNested()
  @Type(() => Sender)
  sender!: Sender;

  @IsOptional()
  labels?: Record<string, unknown>;
}

class Stamp {
  @IsInt()
  cents!: number;

  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => Stamp)
  parts?: Stamp[];

  describe(): string {
    return `${this.cents} cents`;
  }
}

@DomainEvent('parcel.weighed', { version: 1, aggregate: 'parcel' })
class ParcelWeighed {
  @ValidateNested({ each: true })
  @Type(() => Stamp)
  stamps!: Stamp[];

  @ValidateIf((parcel: ParcelWeighed) => parcel.stamps?.length > 1)
  @ValidateNested()
  @Type(() => Stamp)
  best?: Stamp;

  @IsDate()
  @Type(() => Date)
  at!: Date;

  @IsOptional()
  @Type(() => Number)
  grams?: number;

  @IsArray()
  notes: unknown[] = [];
}

const data: LetterSent = { title: 'Grüße', way: 'air', sender: { email: 'bob@example.com' } };

/** Returns the error of event data that is refused. */
function refusalOf(contractClass: ContractClass, content: unknown): { code: string; message: string } {
  try {
    checkData(contractOf(contractClass), content);
  } catch (error) {
    return error as { code: string; message: string };
  }
  return { code: 'none', message: 'nothing was refused' };
}

/** Returns the event data as JSON stores it. */
const storedData = (contractClass: ContractClass, content: unknown): unknown =>
  JSON.parse(JSON.stringify(checkData(contractOf(contractClass), content)));

/** Returns the event data as a consumer reads it. */
async function readBack<Data extends object>(contractClass: ContractClass<Data>, content: unknown): Promise<Data> {
  const { type, version } = contractOf(contractClass);
  const event = await parseEvent(contractClass, {
    event_id: newId(),
    event_type: type,
    schema_version: version,
    occurred_at: '2026-01-31T08:30:00.000Z',
    aggregate_type: 'spec',
    aggregate_id: '1',
    organization_id: null,
    correlation_id: newId(),
    actor: null,
    data: storedData(contractClass, content),
  });
  return event.data;
}

/** Adds own properties, also one with the name `__proto__`. */
const own = (object: object, more: object): object =>
  Object.defineProperties({ ...object }, Object.getOwnPropertyDescriptors(more));
describe('checkData', () => {
  it.each<[string, () => unknown, string]>([
    ['NaN', () => Number.NaN, 'is NaN'],
    ['Infinity', () => -Infinity, 'is -Infinity'],
    ['-0', () => -0, 'is -0'],
    ['an integer of more than 64 bits', () => 2 ** 63, 'integer of more than 64 bits'],
    ['an invalid date', () => new Date(Number.NaN), 'is an invalid Date'],
    ['a date that RFC 3339 cannot write', () => new Date(Date.UTC(10_000, 0)), 'outside the years 0 to 9999'],
    ['a date before the year 0', () => new Date(-1e15), 'outside the years 0 to 9999'],
    ['a function', () => () => 1, 'is a function'],
    ['a symbol', () => Symbol('s'), 'is a symbol'],
    ['a Map', () => new Map([['a', 1]]), 'is a Map'],
    ['a Set', () => new Set([1]), 'is a Set'],
    ['a regular expression', () => /a/, 'is a RegExp'],
    ['an error', () => new Error('secret-value'), 'is a Error'],
    ['a boxed number', () => Object(1) as unknown, 'is a Number'],
    ['bytes', () => new Uint8Array(2), 'is a Uint8Array'],
    ['a Buffer', () => Buffer.from('secret-value'), 'toJSON'],
    ['a URL', () => new URL('https://secret-value.example'), 'toJSON'],
    ['a promise', () => Promise.resolve(1), 'is a Promise'],
    [
      'a class with private state',
      () =>
        new (class Money {
          #cents = 1;
          cents = () => this.#cents;
        })(),
      'cents is a function',
    ],
    [
      'a class whose state is hidden',
      () =>
        new (class Money {
          #cents = 1;
          toString() {
            return `${this.#cents}`;
          }
        })(),
      'is an instance of Money',
    ],
    [
      'a class with a getter',
      () =>
        new (class Money {
          euros = 1;
          get cents() {
            return this.euros * 100;
          }
        })(),
      'is an instance of Money',
    ],
    [
      'a class with toJSON',
      () =>
        new (class Money {
          cents = 1;
          toJSON() {
            return 1;
          }
        })(),
      'toJSON',
    ],
    ['a symbol key', () => ({ [Symbol('s')]: 1 }), 'properties that JSON does not store'],
    ['a hidden property', () => Object.defineProperty({}, 'hidden', { value: 1 }), 'properties that JSON does not store'],
    [
      'an object that contains itself',
      () => {
        const node: Record<string, unknown> = {};
        node['next'] = node;
        return node;
      },
      'or contains itself',
    ],
    ['undefined in a list', () => [undefined], '[0] is undefined'],
    ['an empty item of a list', () => [1, , 2], 'empty items'], // oxlint-disable-line no-sparse-arrays
    ['a huge list without items', () => Object.assign([], { length: 2 ** 32 - 1 }), 'empty items'],
    ['a list with a property', () => Object.assign([1], { total: 1 }), 'other properties'],
    [
      'a getter that throws',
      () => ({
        get name(): string {
          throw new Error('secret-value');
        },
      }),
      'a getter of the data or a rule of the class throws',
    ],
  ])('refuses %s, which JSON would change, and the error names the path', (_, make, reason) => {
    for (const [labels, path] of [
      [{ deep: [{ value: make() }] }, 'labels.deep[0].value'],
      [make(), 'labels'],
    ] as const) {
      const error = refusalOf(LetterSent, { ...data, labels });
      expect(error).toMatchObject({ code: 'PIKAIA_EVENT_INVALID', message: expect.stringContaining(reason) });
      if (!reason.includes('throws')) expect(error.message).toContain(path);
      expect(error.message).not.toContain('secret-value');
    }
  });

  it('accepts a plain object, an instance of a class and a valid date, and stores what they contain', () => {
    const labels = {
      at: new Date('2026-01-31T08:30:00.000Z'),
      instance: Object.assign(
        new (class Size {
          height = 2;
        })(),
        { width: 3 },
      ),
      bare: Object.assign(Object.create(null) as object, { a: 1 }),
      absent: undefined,
      numbers: [0, -1.5, 1e300, Number.MAX_SAFE_INTEGER],
    };
    expect(storedData(LetterSent, Object.assign(new LetterSent(), data, { labels }))).toEqual({
      ...data,
      labels: {
        at: '2026-01-31T08:30:00.000Z',
        instance: { height: 2, width: 3 },
        bare: { a: 1 },
        numbers: [0, -1.5, 1e300, Number.MAX_SAFE_INTEGER],
      },
    });
  });

  const NAMES = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf', '__defineGetter__', 'describe'];
  it.each(NAMES)('refuses an unknown field with the name %s at every depth', (name) => {
    const extra = JSON.parse(`{"${name}":"x"}`) as object;
    const at = new Date();
    const stamp = (more: object) => ({ ...parcel, stamps: [{ cents: 1, parts: [own({ cents: 1 }, more)] }] });
    const parcel = { stamps: [], at, notes: [] };
    for (const content of [own(parcel, extra), stamp(extra)]) {
      expect(refusalOf(ParcelWeighed, content)).toMatchObject({
        code: 'PIKAIA_EVENT_INVALID',
        message: expect.stringContaining(`${name} breaks whitelistValidation`),
      });
    }
    // A field of a free-form object: class-transformer drops these names when a consumer reads the event.
    if (name !== 'describe')
      expect(refusalOf(LetterSent, { ...data, labels: { list: [extra] } })).toMatchObject({
        message: expect.stringContaining(`labels.list[0].${name} breaks whitelistValidation`),
      });
  });

  const weighed = { stamps: [{ cents: 1 }], at: new Date('2026-01-31T08:30:00.000Z'), notes: [] };
  it.each<[string, object, string]>([
    ['a list inside a nested list', { ...weighed, stamps: [[]] }, 'stamps[0] breaks nestedValidation'],
    ['null inside a nested list', { ...weighed, stamps: [null] }, 'stamps[0] breaks nestedValidation'],
    ['text inside a nested list', { ...weighed, stamps: [{ cents: 1 }, 'x'] }, 'stamps[1] breaks nestedValidation'],
    ['no nested list', { at: weighed.at, notes: [] }, 'stamps'],
    [
      'an object for a nested list',
      { ...weighed, stamps: { cents: 1 } },
      'stamps breaks nestedValidation (stamps must be a list)',
    ],
    [
      'a list for a nested object',
      { ...weighed, stamps: [{ cents: 1 }, { cents: 2 }], best: [] },
      'best breaks nestedValidation',
    ],
    ['no nested object', { ...weighed, stamps: [{ cents: 1 }, { cents: 2 }] }, 'best breaks nestedValidation'],
    ['a date for a nested object', { ...weighed, stamps: [new Date()] }, 'stamps[0] breaks nestedValidation'],
    ['text that @Type would convert to a number', { ...weighed, grams: '5' }, 'grams must be a number'],
    ['text of a date that RFC 3339 cannot write', { ...weighed, at: '+010000-01-01T00:00:00.000Z' }, 'at must be a Date'],
    ['text that @Type would convert to another date', { ...weighed, at: '2019-02-31' }, 'at must be a Date'],
    ['no value for a field with an initial value', { stamps: [], at: weighed.at }, 'notes is absent'],
  ])('refuses %s', (_, content, message) => {
    expect(refusalOf(ParcelWeighed, content)).toMatchObject({
      code: 'PIKAIA_EVENT_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('accepts a missing nested object whose condition is false, and a date as text that is read back unchanged', async () => {
    for (const content of [weighed, { ...weighed, at: '2026-01-31T08:30:00.000Z' }]) {
      const read = await readBack(ParcelWeighed, content);
      expect(read).toEqual(weighed);
      expect(read.stamps[0]!.describe()).toBe('1 cents');
    }
  });
});
