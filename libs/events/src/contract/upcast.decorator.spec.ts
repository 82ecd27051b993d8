import { IsString } from 'class-validator';
import { Events } from '../record/events.service.js';
import { contractOf, DomainEvent, type ContractClass } from './domain-event.js';
import { checkUpcasters, findVersionPath, Upcast } from './upcast.decorator.js';

class Text {
  @IsString()
  text!: string;
}

/** Declares the versions 1 to `count` of a type. */
function versionsOf(type: string, count: number): ContractClass<Text>[] {
  return Array.from({ length: count }, (_, index) => {
    const contract = class extends Text {};
    DomainEvent(type, { version: index + 1, aggregate: 'note' })(contract);
    return contract;
  });
}

/** Declares an upcaster between two classes. */
function upcast(from: ContractClass<Text>, to: ContractClass<Text>): void {
  class Upcasters {
    @Upcast(from, to)
    static next({ text }: Text): Text {
      return { text };
    }
  }
  void Upcasters;
}

const invalid = (why: string) =>
  expect.objectContaining({ code: 'PIKAIA_UPCASTER_INVALID', message: expect.stringContaining(why) });
const check = (type: string) => () => checkUpcasters(new Set([type]));

describe('Upcast', () => {
  it('is refused on a method that is not static, is asynchronous or is a generator', () => {
    const [first, second] = versionsOf('note.kept', 2) as [ContractClass<Text>, ContractClass<Text>];
    const declare = Upcast(first, second) as (holder: unknown, method: string, descriptor: PropertyDescriptor) => void;
    class Holder {}
    expect(() => declare(Holder.prototype, 'next', { value: () => ({}) })).toThrow(
      invalid('next of Holder: make it a static method'),
    );
    for (const value of [async () => ({ text: '' }), function* () {}]) {
      expect(() => declare(Holder, 'next', { value })).toThrow(invalid('Holder.next: return the data at once'));
    }
  });

  it('is refused for a version that has an upcaster already', () => {
    const [first, second] = versionsOf('note.copied', 2) as [ContractClass<Text>, ContractClass<Text>];
    upcast(first, second);
    expect(() => upcast(first, second)).toThrow(invalid('Upcasters.next already upcasts'));
  });

  it('can be declared in the class of the newer version', () => {
    const [first] = versionsOf('note.moved', 1) as [ContractClass<Text>];
    @DomainEvent('note.moved', { version: 2, aggregate: 'note' })
    class NoteMovedV2 extends Text {
      @Upcast(first, NoteMovedV2)
      static fromV1({ text }: Text): NoteMovedV2 {
        return { text };
      }
    }
    expect(check('note.moved')).not.toThrow();
    expect(findVersionPath([contractOf(NoteMovedV2)], 'note.moved', 1)).toMatchObject({
      steps: [{ name: 'NoteMovedV2.fromV1' }],
    });
  });
});

describe('checkUpcasters', () => {
  it.each([
    ['skips a version', 'note.skipped', [1, 3], 'from version 1 to version 3 of note.skipped: upcast to version 2'],
    ['leads to an older version', 'note.reversed', [2, 1], 'from version 2 to version 1 of note.reversed: upcast to version 3'],
    ['leads to its own version', 'note.circled', [1, 1], 'from version 1 to version 1 of note.circled: upcast to version 2'],
  ])('refuses an upcaster that %s', (_, type, [from, to], why) => {
    const versions = versionsOf(type, 3);
    upcast(versions[from! - 1]!, versions[to! - 1]!);
    expect(check(type)).toThrow(invalid(why));
  });

  it('refuses a cycle, because one of its steps leads to an older version', () => {
    const [first, second] = versionsOf('note.turned', 2) as [ContractClass<Text>, ContractClass<Text>];
    upcast(first, second);
    upcast(second, first);
    expect(check('note.turned')).toThrow(invalid('from version 2 to version 1'));
  });

  it('refuses the start of an application that publishes', () => {
    const versions = versionsOf('note.planted', 3);
    upcast(versions[0]!, versions[2]!);
    expect(() => new Events({} as never, {} as never)).toThrow(expect.objectContaining({ code: 'PIKAIA_UPCASTER_INVALID' }));
  });

  it('refuses an upcaster from one type to another, for both types', () => {
    const [[sold], bought] = [versionsOf('note.sold', 1), versionsOf('note.bought', 2)];
    upcast(sold!, bought[1]!);
    for (const type of ['note.sold', 'note.bought']) expect(check(type)).toThrow(invalid('from note.sold to note.bought'));
  });
});

describe('findVersionPath', () => {
  const type = 'note.written';
  const contracts = versionsOf(type, 5);
  const [first, second, third, fourth] = contracts as [
    ContractClass<Text>,
    ContractClass<Text>,
    ContractClass<Text>,
    ContractClass<Text>,
  ];
  upcast(first, second);
  upcast(second, third);
  upcast(fourth, contracts[4]!); // there is no upcaster from version 3 to version 4

  it.each([
    ['the exact version, although an upcaster leads to a newer one', [1, 3], 1, 1, 0],
    ['the next higher version', [2, 3], 1, 2, 1],
    ['a version that two steps lead to', [3], 1, 3, 2],
    ['a version above a gap that the event is above of too', [5], 4, 5, 1],
    ['nothing across a gap', [5], 2, undefined, undefined],
    ['nothing for a newer version', [1, 2], 3, undefined, undefined],
    ['nothing for a version that this process does not know', [1, 2], 7, undefined, undefined],
  ])('finds %s', (_, wanted, version, found, steps) => {
    const path = findVersionPath(
      wanted.map((number) => contractOf(contracts[number - 1]!)),
      type,
      version,
    );
    expect([path?.wanted.version, path?.steps.length]).toEqual([found, steps]);
  });

  it('finds nothing for another type', () => {
    expect(findVersionPath([contractOf(second)], 'note.read', 1)).toBeUndefined();
  });
});
