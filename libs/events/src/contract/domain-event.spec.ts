import { IsVisibleText } from '@pikaia/core';
import { Exclude, Expose, Transform, Type } from 'class-transformer';
import { Allow, IsInt, IsString, Validate, ValidateNested, ValidatorConstraint } from 'class-validator';
import { Consumer, Handles } from '../consume/consumer.decorator.js';
import { defineConsumers } from '../consume/consumer.definition.js';
import { checkContracts, contractOf, DomainEvent, findContract, type ContractClass } from './domain-event.js';

/** An error whose message has all parts. */
const refusal = (...parts: string[]) =>
  ({
    asymmetricMatch: (error: { code?: unknown; message: string }) =>
      error.code === 'PIKAIA_EVENT_CONTRACT_INVALID' && parts.every((part) => error.message.includes(part)),
    toString: () => `PIKAIA_EVENT_CONTRACT_INVALID with ${parts.join(', ')}`,
  }) as unknown as Error;

let count = 0;
const nextType = (): string => `spec.declared_${count++}`;
/** Declares a class that has the fields of `Base`. */
function declare(Base: ContractClass = Plain, options: object = {}, type = nextType()): ContractClass {
  class Declared extends Base {}
  DomainEvent(type, { version: 1, aggregate: 'spec', ...options })(Declared);
  return Declared;
}

class Plain {
  @IsString()
  title!: string;
}

describe('DomainEvent', () => {
  it('registers a contract with the source of its aggregate', () => {
    const type = nextType();
    const data = declare(Plain, {}, type);
    expect(contractOf(data)).toEqual({ type, version: 1, aggregate: 'spec', source: 'pikaia.spec', data });
    expect(findContract(type, 1)).toBe(contractOf(data));
  });

  it.each<[string, object, string?]>([
    ['a type that is not aggregate.past_verb', {}, 'Letter.Sent'],
    ['a type that is undefined', {}, undefined],
    ['a version below 1', { version: 0 }],
    ['a version that is text', { version: '1' }],
    ['a version that the log cannot store', { version: 2 ** 31 }],
  ])('refuses %s', (...[, options, type]) => {
    const given = 'version' in options ? nextType() : (type as string);
    expect(() => DomainEvent(given, { version: 1, aggregate: 'spec', ...options })(class Named {})).toThrow(
      refusal('on Named', 'must be'),
    );
  });

  it('refuses a type and version that another class has', () => {
    const type = nextType();
    declare(Plain, {}, type);
    expect(() => declare(Plain, {}, type)).toThrow(refusal('already declares version 1'));
  });

  it('accepts the longest type and source that EventBridge accepts', () => {
    const type = `spec.${'x'.repeat(123)}`;
    const source = `A.b-c_d/9${'x'.repeat(247)}`;
    expect(contractOf(declare(Plain, { source }, type))).toMatchObject({ type, source });
  });

  it.each<[string, object, string]>([
    ['a source with a blank', { source: 'pikaia member' }, 'the source must have'],
    ['an empty source', { source: '' }, 'the source must have'],
    ['a source of 257 characters', { source: 'x'.repeat(257) }, 'the source must have'],
    ['a source that is not ASCII', { source: 'pikaia.bücher' }, 'the source must have'],
    ['a source that is null', { source: null }, 'the source must have'],
    ['a source that AWS reserves', { source: 'aws.events' }, 'must not begin with aws.'],
    ['an aggregate that makes an invalid source', { aggregate: 'bücher' }, 'the source must have'],
    ['an aggregate with a blank', { aggregate: 'a b', source: 'pikaia.a' }, 'the aggregate must be a name without blanks'],
    ['an empty aggregate', { aggregate: '', source: 'pikaia.a' }, 'the aggregate must be'],
    ['an undefined aggregate', { aggregate: undefined }, 'the aggregate must be'],
    ['an aggregate of 201 characters', { aggregate: 'a'.repeat(201), source: 'pikaia.a' }, 'the aggregate must be'],
  ])('refuses %s', (_, options, message) => {
    expect(() => declare(Plain, options)).toThrow(refusal('on Declared', message));
  });

  it('refuses a type of 129 characters, which EventBridge does not accept', () => {
    expect(() => declare(Plain, {}, `spec.${'x'.repeat(124)}`)).toThrow(
      refusal('has 129 characters, and EventBridge accepts 128'),
    );
  });

  class Transformed {
    @IsString()
    @Transform(({ value }: { value: unknown }) => String(value).trim())
    title!: string;
  }
  class Visible {
    @IsVisibleText({ max: 20 })
    title!: string;
  }
  class Excluded {
    @IsString()
    @Exclude()
    title!: string;
  }
  class Renamed {
    @IsString()
    @Expose({ name: 'heading' })
    title!: string;
  }
  class Grouped {
    @IsString()
    @Expose({ groups: ['admin'] })
    title!: string;
  }
  @Exclude()
  class ExcludedClass {
    @IsString()
    title!: string;
  }
  class Discriminated {
    @ValidateNested()
    @Type(() => Plain, { discriminator: { property: 'kind', subTypes: [{ value: Plain, name: 'plain' }] } })
    part!: Plain;
  }
  class Untyped {
    @ValidateNested()
    part!: Plain;
  }
  class Unstorable {
    @Type(() => Map)
    @IsString()
    part!: unknown;
  }
  class Listed {
    @Type(() => Array)
    @Allow()
    part!: unknown;
  }
  @ValidatorConstraint({ name: 'later', async: true })
  class Later {
    validate(): Promise<boolean> {
      return Promise.resolve(false);
    }
  }
  class Asynchronous {
    @IsString()
    @Validate(Later)
    title!: string;
  }
  class Computed {
    @IsString()
    get title(): string {
      return 'computed';
    }
  }
  class Serialized extends Plain {
    toJSON(): string {
      return 'other';
    }
  }
  class Inherited extends Transformed {
    @IsInt()
    weight!: number;
  }
  class Nested {
    @ValidateNested({ each: true })
    @Type(() => Inherited)
    parts!: Inherited[];
  }
  it.each<[string, ContractClass, string[]]>([
    ['@Transform', Transformed, ['Transformed.title has @Transform', 'convert the value before publish()']],
    ['@IsVisibleText', Visible, ['Visible.title has @Transform, or a decorator that contains it such as @IsVisibleText']],
    ['@Transform in a base class', Inherited, ['Transformed.title has @Transform']],
    ['@Transform in a nested class', Nested, ['event class Inherited', 'Transformed.title has @Transform']],
    ['@Exclude on a field', Excluded, ['Excluded.title has @Exclude', 'remove the decorator']],
    ['@Exclude on the class', ExcludedClass, ['ExcludedClass has @Exclude']],
    ['@Expose with a name', Renamed, ['Renamed.title has @Expose with options', 'the name to store']],
    ['@Expose with groups', Grouped, ['Grouped.title has @Expose with options']],
    ['@Type that removes its discriminator', Discriminated, ['.part has @Type', 'keepDiscriminatorProperty: true']],
    ['@Type with a class that JSON cannot store', Unstorable, ['.part has @Type with a class that JSON cannot store']],
    ['@Type(() => Array)', Listed, ['.part has @Type(() => Array)', 'remove the decorator']],
    ['@ValidateNested without @Type', Untyped, ['.part has @ValidateNested without @Type']],
    ['an asynchronous rule', Asynchronous, ['.title has an asynchronous rule', 'use a synchronous rule']],
    ['a rule on an accessor', Computed, ['.title is a method or an accessor', 'make it a field']],
    ['a method toJSON', Serialized, ['has a method toJSON', 'remove it']],
  ])('refuses %s, and the error names class, field, decorator and remedy', (_, Base, parts) => {
    expect(() => declare(Base)).toThrow(refusal('does not store what it validates', ...parts));
  });

  class Money {
    @IsInt()
    cents: number;

    constructor(init: { cents: number }) {
      this.cents = init.cents;
    }
  }
  class Frozen extends Plain {
    constructor() {
      super();
      Object.freeze(this);
    }
  }
  class ReadOnly {
    @IsString()
    declare title: string;

    constructor() {
      Object.defineProperty(this, 'title', { value: '' });
    }
  }
  it.each<[string, Function, string[]]>([
    ['needs an argument', Money, ['event class Money', 'give each parameter a default']],
    ['freezes the object', Frozen, ['event class Frozen', 'remove Object.freeze()']],
    ['makes a field read-only', ReadOnly, ['event class ReadOnly', 'Object.defineProperty()']],
  ])('refuses a nested class whose constructor %s, because no reader could construct it', (_, Inner, parts) => {
    class Outer {
      @ValidateNested()
      @Type(() => Inner)
      part!: object;
    }
    expect(() => declare(Outer)).toThrow(refusal('cannot be read back', ...parts));
  });

  it('accepts @Expose without options, a discriminator that is kept, and a class inside itself', () => {
    class Node {
      @Expose()
      @IsString()
      kind!: string;

      @ValidateNested({ each: true })
      @Type(() => Node, {
        keepDiscriminatorProperty: true,
        discriminator: { property: 'kind', subTypes: [{ value: Plain, name: 'plain' }] },
      })
      children!: Node[];
    }
    expect(() => declare(Node)).not.toThrow();
  });

  it('leaves a refused class undeclared, so that the corrected class can have its type', () => {
    const type = nextType();
    expect(() => declare(Transformed, {}, type)).toThrow();
    expect(findContract(type, 1)).toBeUndefined();
    expect(() => declare(Plain, {}, type)).not.toThrow();
  });

  it('refuses an invalid class of a module that is loaded later when the application or its consumers start', () => {
    const later: { Part?: Function } = {};
    class Early {
      @ValidateNested()
      @Type(() => later.Part!)
      part!: object;
    }
    const data = declare(Early);
    later.Part = Excluded;
    @Consumer('spec', { from: 'now' })
    class SpecConsumer {
      @Handles(data, { effect: 'external' })
      handle(): void {}
    }
    const error = refusal('event class Excluded', 'title has @Exclude');
    expect(() => checkContracts()).toThrow(error);
    expect(() => defineConsumers([new SpecConsumer()])).toThrow(error);
  });
});
