import { expectTypeOf } from 'expect-type';
import { Type } from 'class-transformer';
import { IsArray, IsDate, IsIn, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import { Handles, type HandlerCall } from '../consume/consumer.decorator.js';
import { parseEvent, type ParsedEvent } from '../consume/event.parser.js';
import type { Events } from '../record/events.service.js';
import { DomainEvent, OptionalField, Upcast, type EventOf } from '../index.js';

class Person {
  @IsString()
  id!: string;

  @OptionalField()
  @IsString()
  name?: string;
}

class Robot {
  @IsString()
  serial!: string;
}

@DomainEvent('badge.issued', { version: 1, aggregate: 'badge' })
class BadgeIssued {
  @IsIn(['day', 'night'])
  shift!: 'day' | 'night';

  @ValidateNested()
  @Type(() => Person)
  holder!: Person;
}

@DomainEvent('badge.issued', { version: 2, aggregate: 'badge' })
class BadgeIssuedV2 {
  @IsIn(['day', 'night'])
  shift!: 'day' | 'night';

  @ValidateNested()
  @Type(() => Person)
  holder!: Person;

  @IsString()
  door!: string;

  @Upcast(BadgeIssued, BadgeIssuedV2)
  static fromV1(data: BadgeIssued): BadgeIssuedV2 {
    return { ...data, door: 'main' };
  }
}

@DomainEvent('badge.listed', { version: 1, aggregate: 'badge' })
class BadgeListed {
  @IsArray()
  @IsString({ each: true })
  doors!: string[];

  @IsObject()
  counts!: Record<string, number | null>;

  @ValidateNested({ each: true })
  @Type(() => Person)
  people!: readonly Person[];

  @ValidateNested()
  @Type(() => Person)
  owner!: Person | Robot | null;

  @IsOptional()
  anything?: unknown;

  @IsOptional()
  @IsObject()
  object?: object;

  @IsOptional()
  @IsDate()
  @Type(() => Date)
  at?: Date;
}

/** `npm run typecheck` checks this file: a line below `@ts-expect-error` that compiles is an error. */
describe('the types of publish', () => {
  const badge = { id: 'b-1' };
  const publish = (async () => 'id') as Events['publish'];
  const holder: Person = { id: 'p-1' };
  const extended = { shift: 'day', holder, colour: 'red' } as const;
  const person = { id: 'p-1', age: 7 };

  it('accept the data of the contract, as a literal, a variable, a spread and an instance', async () => {
    const shift = 'night' as 'day' | 'night';
    const name = undefined as string | undefined;
    const { colour: _, ...declared } = extended;
    expectTypeOf(await publish(BadgeIssued, badge, { shift: 'day', holder: { id: 'p-1', name: 'Ada' } })).toEqualTypeOf<string>();
    await publish(BadgeIssued, badge, { shift, holder: { id: 'p-1', ...(name !== undefined && { name }) } });
    await publish(BadgeIssued, badge, declared);
    await publish(BadgeIssued, badge, { ...declared, shift: 'night' });
    await publish(BadgeIssued, badge, new BadgeIssued());
  });

  it('accept lists, records, unions, dates and values of any kind', async () => {
    const counts: Record<string, number | null> = { main: 1 };
    await publish(BadgeListed, badge, { doors: ['main'], counts: { main: 1, side: null }, people: [holder], owner: null });
    await publish(BadgeListed, badge, { doors: [], counts, people: [], owner: { serial: 'r2' }, anything: { deep: [1] } });
    await publish(BadgeListed, badge, { doors: [], counts, people: [], owner: holder, object: { a: 1 }, at: new Date() });
  });

  it('accept texts and numbers with a brand', async () => {
    const text = 'p-1' as string & { readonly brand: 'PersonId' };
    const number = 1 as number & { readonly unit: 'piece' };
    await publish(BadgeIssued, badge, { shift: 'day', holder: { id: text } });
    await publish(BadgeListed, badge, { doors: [text], counts: { main: number }, people: [], owner: null });
  });

  it('refuse an unknown field at any depth, in a literal, a variable, a spread, a list and an instance of a newer version', async () => {
    // @ts-expect-error the contract has no field colour
    await publish(BadgeIssued, badge, { shift: 'day', holder, colour: 'red' });
    // @ts-expect-error the contract has no field colour
    await publish(BadgeIssued, badge, extended);
    // @ts-expect-error the contract has no field colour
    await publish(BadgeIssued, badge, { ...extended });
    // @ts-expect-error a person has no age
    await publish(BadgeIssued, badge, { shift: 'day', holder: { id: 'p-1', age: 7 } });
    // @ts-expect-error a person has no age
    await publish(BadgeIssued, badge, { shift: 'day', holder: person });
    // @ts-expect-error a person has no age
    await publish(BadgeListed, badge, { doors: [], counts: {}, people: [person], owner: null });
    // @ts-expect-error neither a person nor a robot has an age
    await publish(BadgeListed, badge, { doors: [], counts: {}, people: [], owner: person });
    // @ts-expect-error version 1 has no door
    await publish(BadgeIssued, badge, new BadgeIssuedV2());
  });

  it('refuse a missing field', async () => {
    // @ts-expect-error holder is missing
    await publish(BadgeIssued, badge, { shift: 'day' });
    // @ts-expect-error the id of the holder is missing
    await publish(BadgeIssued, badge, { shift: 'day', holder: {} });
    // @ts-expect-error version 2 requires a door
    await publish(BadgeIssuedV2, badge, { shift: 'day', holder });
  });

  it('refuse a value of a wrong type', async () => {
    // @ts-expect-error there is no shift noon
    await publish(BadgeIssued, badge, { shift: 'noon', holder });
    // @ts-expect-error the holder is a person
    await publish(BadgeIssued, badge, { shift: 'day', holder: 'p-1' });
    // @ts-expect-error doors are texts
    await publish(BadgeListed, badge, { doors: [1], counts: {}, people: [], owner: null });
    // @ts-expect-error counts are numbers
    await publish(BadgeListed, badge, { doors: [], counts: { main: 'one' }, people: [], owner: null });
    // @ts-expect-error the date is a Date, as @Type declares
    await publish(BadgeListed, badge, { doors: [], counts: {}, people: [], owner: null, at: '2026-01-01' });
  });
});

describe('the types of Handles', () => {
  it('give the handler the event of the contract and refuse the event of another version', () => {
    class Doorkeeper {
      @Handles(BadgeIssued, { effect: 'external' })
      first(event: EventOf<BadgeIssued>, { signal }: HandlerCall): void {
        expectTypeOf(event.data).toEqualTypeOf<BadgeIssued>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      }

      @Handles(BadgeIssued, { effect: 'external' })
      @Handles(BadgeIssuedV2, { effect: 'external' })
      both(_event: EventOf<BadgeIssued | BadgeIssuedV2>): void {}

      // @ts-expect-error events of version 1 have no door
      @Handles(BadgeIssued, { effect: 'external' })
      newer(_event: EventOf<BadgeIssuedV2>): void {}

      // @ts-expect-error the handler does not accept version 1
      @Handles(BadgeIssued, { effect: 'external' })
      @Handles(BadgeListed, { effect: 'external' })
      other(_event: EventOf<BadgeListed>): void {}
    }
    expectTypeOf<Doorkeeper>().toHaveProperty('first');
  });

  it('refuse a version that does not exist, and so does the start for a class without @DomainEvent', () => {
    const versions = { 1: BadgeIssued, 2: BadgeIssuedV2 };
    const declare = (contract: new () => object) => () =>
      Handles(contract, { effect: 'database' })({}, 'handle', { value: () => undefined });
    // @ts-expect-error there is no version 3
    expect(declare(versions[3])).toThrow();
    expect(declare(Person)).toThrow(expect.objectContaining({ code: 'PIKAIA_EVENT_CONTRACT_INVALID' }));
    expect(declare(versions[2])).not.toThrow();
  });
});

describe('the types of Upcast', () => {
  it('refuse an upcaster of another version, one that omits or invents a field, and one that is asynchronous', () => {
    const declare = Upcast(BadgeIssued, BadgeIssuedV2);
    type Refused<Method> = typeof declare extends (
      holder: Function,
      method: string,
      descriptor: TypedPropertyDescriptor<Method>,
    ) => void
      ? false
      : true;
    expectTypeOf<Refused<(data: BadgeIssued) => BadgeIssuedV2>>().toEqualTypeOf<false>();
    expectTypeOf<Refused<(data: BadgeListed) => BadgeIssuedV2>>().toEqualTypeOf<true>();
    expectTypeOf<Refused<(data: BadgeIssued) => BadgeIssued>>().toEqualTypeOf<true>();
    expectTypeOf<Refused<(data: BadgeIssued) => Promise<BadgeIssuedV2>>>().toEqualTypeOf<true>();
  });
});

describe('the types of parseEvent', () => {
  it('give the data of the contract, also of an older version that is upcast', () => {
    const read = (): Promise<ParsedEvent<BadgeIssuedV2>> => parseEvent(BadgeIssuedV2, {});
    expectTypeOf(read).returns.resolves.toHaveProperty('data').toEqualTypeOf<BadgeIssuedV2>();
    const readAny = () => parseEvent([BadgeIssued, BadgeListed], {});
    expectTypeOf(readAny).returns.resolves.toHaveProperty('data').toEqualTypeOf<BadgeIssued | BadgeListed>();
  });
});
