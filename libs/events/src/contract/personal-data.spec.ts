import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsEmail, IsInt, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import fc from 'fast-check';
import { DomainEvent } from './domain-event.js';
import { maskData, personalMask, personalMaskOf, personalTexts } from './personal-data.js';
import { isPersonal, Personal } from './personal.decorator.js';
import { Upcast } from './upcast.decorator.js';

class Person {
  @Personal()
  @IsString()
  name!: string;

  @IsString()
  id!: string;
}

class Witness extends Person {
  @IsString()
  place!: string;
}

@DomainEvent('contract.signed', { version: 3, aggregate: 'contract' })
class ContractSigned {
  @ValidateNested({ each: true })
  @Type(() => Witness)
  witnesses!: Witness[];

  @ValidateNested()
  @Type(() => Person)
  signer!: Person;

  @Personal()
  @IsArray()
  @IsEmail({}, { each: true })
  copies_to!: string[];

  @Personal()
  @IsObject()
  roles!: Record<string, string>;

  @Personal()
  @IsOptional()
  @IsInt()
  phone?: number;

  @IsObject()
  terms!: object;

  @IsBoolean()
  sealed!: boolean;
}

@DomainEvent('contract.read', { version: 1, aggregate: 'contract' })
class ContractRead {
  @Personal()
  @IsString()
  reader!: string;
}

@DomainEvent('contract.read', { version: 2, aggregate: 'contract' })
class ContractReadV2 {
  @ValidateNested()
  @Type(() => Person)
  reader!: Person;

  @Upcast(ContractRead, ContractReadV2)
  static fromV1({ reader }: ContractRead): ContractReadV2 {
    const [name, id] = reader.split(', ') as [string, string];
    return { reader: { name, id: id.toLowerCase() } };
  }
}

@DomainEvent('contract.copied', { version: 1, aggregate: 'contract' })
class ContractCopied {
  @IsObject()
  kind!: { readonly name: string };

  @ValidateNested()
  @Type((options) => ((options!.object['kind'] as ContractCopied['kind']).name === 'witness' ? Witness : Person))
  receiver!: Person;
}

const data: ContractSigned = {
  witnesses: [
    { name: 'Wanda West', id: 'w1', place: 'Rome' },
    { name: 'Will', id: 'w2', place: 'Oslo' },
  ],
  signer: { name: 'Sam Stone', id: 's1' },
  copies_to: ['copy@example.com'],
  roles: { 'role@example.com': 'admin' },
  phone: 4917123,
  terms: { months: 12, notes: ['none'] },
  sealed: true,
};
const masked = {
  ...data,
  witnesses: data.witnesses.map((witness) => ({ ...witness, name: '[masked]' })),
  signer: { name: '[masked]', id: 's1' },
  copies_to: '[masked]',
  roles: '[masked]',
  phone: '[masked]',
};
const event = {
  event_type: 'contract.signed',
  schema_version: 3,
  actor: { type: 'user', id: 'u1', email: 'u@example.com' },
  data,
};

describe('isPersonal', () => {
  it('is true for a marked field of a class or of a class that it extends, and for no other field', () => {
    expect([isPersonal(Person, 'name'), isPersonal(Witness, 'name')]).toEqual([true, true]);
    expect([isPersonal(Person, 'id'), isPersonal(Witness, 'place'), isPersonal(ContractSigned, 'name')]).toEqual([
      false,
      false,
      false,
    ]);
    expect(isPersonal(Object, 'name')).toBe(false);
  });
});

describe('maskData', () => {
  it('masks the marked fields at every depth as a whole, and no other field', () => {
    expect(maskData('contract.signed', 3, data)).toEqual(masked);
    expect(data.signer.name).toBe('Sam Stone');
  });

  it('keeps null and absent fields', () => {
    const { phone: _phone, ...without } = data;
    const shown = maskData('contract.signed', 3, { ...without, roles: null, signer: null });
    expect(shown).toMatchObject({ roles: null, signer: null });
    expect(shown).not.toHaveProperty('phone');
  });

  it('masks fields that the contract does not declare, and values in the place of a nested object', () => {
    const given = { ...data, nickname: 'Sammy', signer: 'Sam Stone', witnesses: { 0: 'Will' } };
    expect(maskData('contract.signed', 3, given)).toMatchObject({
      nickname: '[masked]',
      signer: '[masked]',
      witnesses: { 0: '[masked]' },
    });
    expect(maskData('contract.signed', 3, { ...data, witnesses: ['Will', null] })).toMatchObject({
      witnesses: ['[masked]', null],
    });
  });

  it.each([
    ['an unknown type', 'contract.lost', 3],
    ['an unknown version of a type', 'contract.signed', 4],
    ['a type that is not text', 7, 3],
  ])('masks every value of %s', (_, type, version) => {
    const shown = maskData(type, version, data) as object;
    expect(Object.keys(shown)).toEqual(Object.keys(data));
    expect(new Set(Object.values(shown))).toEqual(new Set(['[masked]']));
  });

  it('masks an object whose class cannot be chosen', () => {
    const copied: Partial<ContractCopied> = { receiver: { name: 'Sam Stone', id: 's1' } };
    expect(maskData('contract.copied', 1, copied)).toEqual({ receiver: '[masked]' });
    expect(personalTexts({ event_type: 'contract.copied', schema_version: 1, data: copied })).toEqual(['Sam Stone', 's1']);
  });

  it('never throws and never shows a text of an unknown type, whatever the data is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const shown = maskData('contract.lost', 1, value);
        const values = typeof shown === 'object' && shown !== null ? Object.values(shown) : [shown];
        for (const one of values) expect([null, '[masked]']).toContain(one);
        expect(() => maskData('contract.signed', 3, value)).not.toThrow();
      }),
      { seed: 10, numRuns: 300 },
    );
  });
});

describe('personalTexts', () => {
  it('are the texts of the marked fields and the email address of the actor', () => {
    expect(new Set(personalTexts(event))).toEqual(
      new Set(['Wanda West', 'Will', 'Sam Stone', 'copy@example.com', 'role@example.com', 'admin', '4917123', 'u@example.com']),
    );
  });

  it('of an unknown type are all texts but ids and names of code', () => {
    const id = '0198a0a0-0000-7000-8000-000000000001';
    const unknown = {
      email: 'a@example.com',
      name: 'Ann',
      id,
      state: 'not_wanted',
      type: 'contract.lost',
      count: 3,
      nested: ['Bo Bell'],
    };
    expect(personalTexts({ event_type: 'contract.lost', schema_version: 1, data: unknown })).toEqual([
      'a@example.com',
      'Ann',
      'Bo Bell',
    ]);
  });

  it('of an old version include those that its upcaster derives, and an upcaster that fails leaves those of the old version', () => {
    const read = (reader: unknown) => personalTexts({ event_type: 'contract.read', schema_version: 1, data: { reader } });
    expect(ContractReadV2.fromV1({ reader: 'Rita Reed, R-7' })).toEqual({ reader: { name: 'Rita Reed', id: 'r-7' } });
    expect(read('Rita Reed, R-7')).toEqual(['Rita Reed, R-7', 'Rita Reed']);
    expect(read('Rita Reed')).toEqual(['Rita Reed']);
    expect(read(null)).toEqual([]);
  });

  it('make a mask, or none for an event without any and for a payload that is not an envelope', () => {
    expect(personalMask(event)!.apply('Sam Stone signed')).toBe('[masked] signed');
    expect(personalMaskOf(JSON.stringify(event))!.apply('Sam Stone signed')).toBe('[masked] signed');
    for (const payload of [null, 'no JSON', 'null', '7', '"text"', '{}', JSON.stringify({ ...event, actor: null, data: {} })])
      expect(personalMaskOf(payload)).toBeUndefined();
  });
});
