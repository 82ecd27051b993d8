import { descriptionOf, isPresent } from '@pikaia/core';
// @ts-expect-error the package has types for this file only in its folder `types`; it has no public access to its metadata
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { getMetadataStorage, ValidationTypes } from 'class-validator';

/** A JSON Schema of the draft 2020-12, which OpenAPI 3.1 uses. */
export type Schema = Readonly<Record<string, unknown>>;

type Rule = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];
type Constraints = readonly unknown[];

/** The schema of the values that a rule accepts, by the name that class-validator reports. It may accept more than the rule. */
const RULES: Readonly<Record<string, (constraints: Constraints) => Schema>> = {
  isString: () => ({ type: 'string' }),
  isBoolean: () => ({ type: 'boolean' }),
  isInt: () => ({ type: 'integer' }),
  isNumber: () => ({ type: 'number' }),
  isObject: () => ({ type: 'object' }),
  isArray: () => ({ type: 'array' }),
  arrayMinSize: ([min]) => ({ minItems: min }),
  arrayMaxSize: ([max]) => ({ maxItems: max }),
  arrayUnique: () => ({ uniqueItems: true }),
  min: ([min]) => ({ minimum: min }),
  max: ([max]) => ({ maximum: max }),
  isIntegerBetween: ([minimum, maximum]) => ({ type: 'integer', minimum, maximum }),
  minLength: ([min]) => ({ minLength: min }),
  maxLength: ([max]) => ({ maxLength: max }),
  isIn: ([values]) => ({ type: 'string', enum: values }),
  matches: ([expression]) => ({ type: 'string', pattern: (expression as RegExp).source }),
  isEmail: () => ({ type: 'string', format: 'email' }),
  isUuid: () => ({ type: 'string', format: 'uuid' }),
  isUrl: () => ({ type: 'string', format: 'uri' }),
  isTimestamp: () => ({ type: 'string', format: 'date-time' }),
};

/** Returns the schema of a text rule of `TextRule`, whose constraint has the limits of the text. */
function textSchema(name: string, [limits]: Constraints): Schema {
  if (typeof limits !== 'object' || limits === null)
    throw new Error(`The rule ${name} has no schema. Add it to RULES, or pass [{ min, max, format, pattern }] to TextRule.`);
  const { min, max, ...others } = limits as { min?: number; max?: number; format?: string; pattern?: string };
  return {
    type: 'string',
    ...(min !== undefined && { minLength: min }),
    ...(max !== undefined && { maxLength: max }),
    ...others,
  };
}

interface TypeMetadata {
  typeFunction(): Function;
}
const transformer = defaultMetadataStorage as { findTypeMetadata(target: Function, field: string): TypeMetadata | undefined };

/**
 * Returns the schema of a request class from the rules of its fields. It accepts every valid request, and can accept others: the
 * rules decide.
 *
 * @throws Error for a rule without a schema.
 */
export function requestSchema(type: Function): Schema & { readonly properties: Readonly<Record<string, Schema>> } {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const defaults = Reflect.construct(type, []) as Readonly<Record<string, unknown>>;
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  for (const [name, ofField] of Map.groupBy(rules, ({ propertyName }) => propertyName)) {
    const description = descriptionOf(type, name);
    properties[name] = {
      ...(description !== undefined && { description }),
      ...valueSchema(type, name, ofField),
      ...(defaults[name] !== undefined && { default: defaults[name] }),
    };
    if (!ofField.some(isOptional)) required.push(name);
  }
  return { $id: type.name, type: 'object', properties, ...(required.length && { required }), additionalProperties: false };
}

const isOptional = ({ type, constraints }: Rule): boolean =>
  type === ValidationTypes.CONDITIONAL_VALIDATION && (constraints as Constraints)[0] === isPresent;

function valueSchema(type: Function, field: string, rules: readonly Rule[]): Schema {
  const own: Schema[] = [];
  const items: Schema[] = [];
  for (const rule of rules) {
    if (isOptional(rule)) continue;
    const schema =
      rule.type === ValidationTypes.NESTED_VALIDATION
        ? requestSchema(transformer.findTypeMetadata(type, field)!.typeFunction())
        : ruleSchema(rule);
    (rule.each ? items : own).push(schema);
  }
  if (items.length) own.push({ type: 'array', items: Object.assign({}, ...items) as Schema });
  return Object.assign({}, ...own) as Schema;
}

function ruleSchema(rule: Rule): Schema {
  const name = rule.name ?? getMetadataStorage().getTargetValidatorConstraints(rule.constraintCls)[0]?.name ?? rule.type;
  const constraints: Constraints = rule.constraints ?? [];
  return RULES[name]?.(constraints) ?? textSchema(name, constraints);
}
