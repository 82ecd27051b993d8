import { PikaiaError } from '@pikaia/core';
import type { ExposeMetadata, TypeMetadata } from 'class-transformer';
// @ts-expect-error the package has types for this file only in its folder `types`; it has no public access to its metadata
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { getMetadataStorage, ValidationTypes } from 'class-validator';

/** A contract class, or a class inside one, as its decorators declare it. */
export interface DataClass {
  readonly type: Function;
  readonly fields: ReadonlyMap<string, DataField>;
  /** The fields with an initializer. Event data without such a field would be read with a value that was never stored. */
  readonly initialized: readonly string[];
}

/** A field with at least one decorator of class-validator. */
export interface DataField {
  readonly name: string;
  /** The rules in the order of their declaration. */
  readonly rules: readonly Rule[];
  /** True for `@ValidateNested()`. */
  readonly isNested: boolean;
  /** True if a nested field is a list: `{ each: true }`, or the type of the property is an array. */
  readonly isList: boolean;
  /** The conditions of `OptionalField`, `IsOptional` and `ValidateIf`: the field is validated if all are true. */
  readonly conditions: readonly ((object: object, value: unknown) => boolean)[];
  /** The kind of value into which `@Type` converts when an event is read. */
  readonly kind: 'any' | 'date' | 'string' | 'number' | 'boolean';
  /** True if the value decides which class `@Type` names. */
  readonly isDiscriminated: boolean;
  /** Returns the class that `@Type` names for a value of the field. */
  classOf(value: object, parent: object): DataClass | undefined;
}

/** A rule of class-validator as its decorator stores it. */
export type Rule = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

interface TransformerMetadata {
  readonly _transformMetadatas: Map<Function, Map<string, unknown>>;
  readonly _excludeMetadatas: Map<Function, Map<string | undefined, unknown>>;
  readonly _exposeMetadatas: Map<Function, Map<string | undefined, ExposeMetadata>>;
  findTypeMetadata(target: Function, field: string): TypeMetadata | undefined;
}

const transformer = defaultMetadataStorage as TransformerMetadata;
const KINDS = new Map<unknown, DataField['kind']>([
  [Date, 'date'],
  [String, 'string'],
  [Number, 'number'],
  [Boolean, 'boolean'],
]);
const UNSTORABLE = new Set<unknown>([Map, Set, Buffer]);

const described = new WeakMap<Function, DataClass>();

/** True for the name of a property that every object inherits. class-transformer drops such a field when an event is read. */
export const isReservedName = (name: string): boolean => name in Object.prototype;

/**
 * Returns the fields that a class declares.
 *
 * @throws PikaiaError `PIKAIA_EVENT_CONTRACT_INVALID` if a decorator makes the validated value differ from the stored value, or no
 * reader could construct the class. The message names class, field, decorator and remedy.
 */
export function describeDataClass(type: Function): DataClass {
  const known = described.get(type);
  if (known) return known;
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const names = new Set(rules.map(({ propertyName }) => propertyName));
  const problems = [
    ...classProblems(type),
    ...[...names].flatMap((name) => fieldProblems(type, name)),
    ...rules.flatMap((rule) => ruleProblems(type, rule)),
  ];
  if (problems.length)
    throw refusal(`The event class ${type.name} does not store what it validates: ${[...new Set(problems)].join('; ')}.`);
  const fields = new Map([...names].map((name) => [name, describeField(type, name, rules)]));
  const result: DataClass = { type, fields, initialized: initializedFields(type, names) };
  described.set(type, result);
  return result;
}

/**
 * Describes the classes inside a class. Call it when all modules are loaded: the function of a `@Type` can name a class of a
 * module that is loaded later.
 *
 * @throws PikaiaError `PIKAIA_EVENT_CONTRACT_INVALID`
 */
export function describeInnerClasses(type: Function, seen = new Set<Function>()): void {
  if (seen.has(type)) return;
  seen.add(type);
  for (const name of describeDataClass(type).fields.keys()) {
    for (const inner of innerClasses(transformer.findTypeMetadata(type, name))) describeInnerClasses(inner, seen);
  }
}

function describeField(type: Function, name: string, allRules: readonly Rule[]): DataField {
  const rules = allRules.filter(({ propertyName }) => propertyName === name);
  const nested = rules.filter((rule) => rule.type === ValidationTypes.NESTED_VALIDATION);
  const typed = transformer.findTypeMetadata(type, name);
  return {
    name,
    rules,
    isNested: nested.length > 0,
    isList: nested.some(({ each }) => each) || typed?.reflectedType === Array,
    conditions: rules
      .filter((rule) => rule.type === ValidationTypes.CONDITIONAL_VALIDATION)
      .map(({ constraints }) => constraints[0] as DataField['conditions'][number]),
    kind: KINDS.get(staticType(typed)) ?? 'any',
    isDiscriminated: typed?.options.discriminator !== undefined,
    classOf: (value, parent) => {
      const inner = typed && typeOfValue(typed, value, parent);
      return typeof inner === 'function' && !KINDS.has(inner) && inner !== Object ? describeDataClass(inner) : undefined;
    },
  };
}

/** Chooses the class as class-transformer does when the event is read. */
function typeOfValue({ typeFunction, options, propertyName }: TypeMetadata, value: object, parent: object): unknown {
  const { discriminator } = options;
  const kind = discriminator && (value as Readonly<Record<string, unknown>>)[discriminator.property];
  const subType = discriminator?.subTypes.find(({ name }) => name === kind);
  return subType?.value ?? typeFunction({ newObject: parent, object: parent as Record<string, unknown>, property: propertyName });
}

/** Returns undefined if the type depends on the value, or its module is not loaded yet. */
function staticType(typed: TypeMetadata | undefined): unknown {
  try {
    return typed?.typeFunction({ newObject: {}, object: {}, property: typed.propertyName });
  } catch {
    return undefined; // describeInnerClasses asks again when all modules are loaded; the type of a value is asked for each value
  }
}

function innerClasses(typed: TypeMetadata | undefined): Function[] {
  const subTypes = typed?.options.discriminator?.subTypes.map(({ value }) => value as unknown) ?? [];
  return [staticType(typed), ...subTypes].filter(
    (inner): inner is Function => typeof inner === 'function' && !KINDS.has(inner) && inner !== Object,
  );
}

function classProblems(type: Function): string[] {
  const problems: string[] = [];
  for (let at = type; at !== Function.prototype; at = Object.getPrototypeOf(at) as Function) {
    for (const field of transformer._transformMetadatas.get(at)?.keys() ?? [])
      problems.push(
        `${at.name}.${field} has @Transform, or a decorator that contains it such as @IsVisibleText, which changes the value that is validated but not the one that is stored: remove it and convert the value before publish()`,
      );
    for (const field of transformer._excludeMetadatas.get(at)?.keys() ?? [])
      problems.push(
        `${fieldName(at, field)} has @Exclude, but publish() stores the data that it gets: remove the decorator, and the field if it must not be stored`,
      );
    for (const [field, { options }] of transformer._exposeMetadatas.get(at) ?? [])
      if (Object.values(options).some((option) => option !== undefined))
        problems.push(
          `${fieldName(at, field)} has @Expose with options, so another name or no field is validated than is stored: remove it and give the property the name to store`,
        );
  }
  if (typeof (type.prototype as { toJSON?: unknown }).toJSON === 'function')
    problems.push(`${type.name} has a method toJSON, whose result would be stored without validation: remove it`);
  return problems;
}

const fieldName = (type: Function, field: string | undefined): string =>
  field === undefined ? type.name : `${type.name}.${field}`;

function fieldProblems(type: Function, name: string): string[] {
  const field = `${type.name}.${name}`;
  const typed = transformer.findTypeMetadata(type, name);
  const { discriminator, keepDiscriminatorProperty } = typed?.options ?? {};
  return [
    isReservedName(name) && `${field} has the name of a property that every object has, so it cannot be read back: rename it`,
    !isReservedName(name) &&
      name in (type.prototype as object) &&
      `${field} is a method or an accessor, which is not stored: make it a field`,
    discriminator &&
      !keepDiscriminatorProperty &&
      `${field} has @Type with a discriminator that is removed when the event is read: add keepDiscriminatorProperty: true`,
    staticType(typed) === Array &&
      `${field} has @Type(() => Array), which reads an object as an empty list: remove the decorator, or name the class of the items`,
    UNSTORABLE.has(staticType(typed)) && `${field} has @Type with a class that JSON cannot store: use a list, an object or text`,
  ].filter((problem) => typeof problem === 'string');
}

function ruleProblems(type: Function, { type: kind, propertyName, constraintCls }: Rule): string[] {
  const field = `${type.name}.${propertyName}`;
  if (kind === ValidationTypes.NESTED_VALIDATION && !transformer.findTypeMetadata(type, propertyName))
    return [`${field} has @ValidateNested without @Type(() => …), so its content cannot be validated: add the class`];
  const isAsync =
    kind === ValidationTypes.PROMISE_VALIDATION ||
    getMetadataStorage()
      .getTargetValidatorConstraints(constraintCls)
      .some((constraint) => constraint.async);
  return isAsync ? [`${field} has an asynchronous rule, which publish() cannot check: use a synchronous rule`] : [];
}

/** Constructs the class and assigns to its fields, as class-transformer does when an event is read. */
function initializedFields(type: Function, names: ReadonlySet<string>): string[] {
  let instance: Record<string, unknown>;
  try {
    instance = Reflect.construct(type, []) as Record<string, unknown>;
  } catch (error) {
    throw refusal(
      `The event class ${type.name} cannot be read back, because its constructor throws without arguments: remove the constructor, or give each parameter a default.`,
      error,
    );
  }
  const initialized = Object.keys(instance).filter((name) => instance[name] !== undefined);
  if (!Object.isExtensible(instance) || ![...names].every((name) => Reflect.set(instance, name, undefined)))
    throw refusal(
      `The event class ${type.name} cannot be read back, because its constructor makes its fields read-only: remove Object.freeze() or Object.defineProperty().`,
    );
  return initialized;
}

const refusal = (message: string, cause?: unknown): PikaiaError =>
  new PikaiaError('PIKAIA_EVENT_CONTRACT_INVALID', message, { cause });
