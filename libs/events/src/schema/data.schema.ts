import { descriptionOf, isPresent, PikaiaError } from '@pikaia/core';
import { getMetadataStorage, ValidationTypes } from 'class-validator';
import { describeDataClass, type DataClass, type DataField, type Rule } from '../contract/data-class.js';
import type { Contract } from '../contract/domain-event.js';
import { isPersonal } from '../contract/personal.decorator.js';
import { DRAFT, type JsonSchema, type JsonType } from './json-schema.js';
import { mergeSchemas } from './merge-schemas.js';
import { findDifference } from './rule.probe.js';
import { InexpressibleRule, ruleSchema } from './rule.schemas.js';
import { DATE_PATTERN, describePattern } from './text.patterns.js';

/**
 * Writes the data of a contract as a strict JSON Schema: it accepts exactly the data that `publish` accepts, except for the limits
 * of the transport, such as the size of an event.
 *
 * @throws PikaiaError `PIKAIA_EVENT_SCHEMA_UNSUPPORTED` for a rule that a schema cannot express. The message names each class,
 * field and decorator and what to do.
 */
export function dataSchema(contract: Contract): JsonSchema {
  const writer = new SchemaWriter();
  const { description, ...schema } = writer.writeClass(describeDataClass(contract.data));
  if (writer.problems.length)
    throw new PikaiaError(
      'PIKAIA_EVENT_SCHEMA_UNSUPPORTED',
      `${contract.type} version ${contract.version} has no exact JSON Schema: ${writer.problems.join('; ')}.`,
    );
  return {
    $schema: DRAFT,
    $id: `urn:pikaia:event:${contract.type}:v${contract.version}`,
    title: `${contract.type} version ${contract.version}`,
    ...(description !== undefined && { description }),
    $comment: `aggregate: ${contract.aggregate}; source: ${contract.source}`,
    ...schema,
    ...writer.definitions,
  };
}

/** The end of the comment of a field with personal data. */
export const PERSONAL_COMMENT = 'personal data';

/** The rules that class-validator stores with another type than a custom rule; the others have a schema of their name. */
const isCondition = (rule: Rule): boolean => rule.type === ValidationTypes.CONDITIONAL_VALIDATION;
const isNesting = (rule: Rule): boolean => rule.type === ValidationTypes.NESTED_VALIDATION;
const isWhitelisting = (rule: Rule): boolean => rule.type === ValidationTypes.WHITELIST;

class SchemaWriter {
  readonly problems: string[] = [];
  private readonly names = new Map<Function, string>();
  private readonly inner: Record<string, JsonSchema> = {};

  get definitions(): Pick<JsonSchema, '$defs'> {
    return Object.keys(this.inner).length ? { $defs: this.inner } : {};
  }

  writeClass({ type, fields, initialized }: DataClass): JsonSchema {
    const properties: Record<string, JsonSchema> = {};
    const required: string[] = [];
    const unknown = initialized.filter((name) => !fields.has(name));
    if (!fields.size) this.problems.push(`${type.name} has no field with a rule, so publish() refuses it: add a field`);
    for (const name of unknown)
      this.problems.push(`${type.name}.${name} has an initial value but no rule: add a rule or remove it`);
    for (const field of fields.values()) {
      try {
        const { schema, isRequired } = this.writeField(type, field);
        properties[field.name] = schema;
        if (isRequired || initialized.includes(field.name)) required.push(field.name);
      } catch (error) {
        if (!(error instanceof InexpressibleRule)) throw error;
        this.problems.push(`${type.name}.${field.name}: ${error.message}`);
      }
    }
    const description = descriptionOf(type);
    return {
      ...(description !== undefined && { description }),
      type: 'object',
      properties,
      ...(required.length && { required }),
      additionalProperties: false,
    };
  }

  private writeField(type: Function, field: DataField): { schema: JsonSchema; isRequired: boolean } {
    for (const rule of field.rules) {
      if (rule.validateIf)
        throw new InexpressibleRule(`${nameOf(rule)} has validateIf, whose condition has no schema: remove it`);
    }
    const conditions = field.rules.filter(isCondition).map(conditionOf);
    const value = this.valueOf(field);
    const isAnything = Object.keys(value).length === 0;
    const isOptional = conditions.length > 0 || isAnything;
    const isNullable = conditions.includes('nullable') && !isAnything;
    const description = descriptionOf(type, field.name);
    const comment = [value.pattern && describePattern(value.pattern), isPersonal(type, field.name) && PERSONAL_COMMENT]
      .filter(Boolean)
      .join('; ');
    const schema = {
      ...(description !== undefined && { description }),
      ...(comment !== '' && { $comment: comment }),
      ...(isNullable ? { anyOf: [value, { type: 'null' as const }] } : value),
    };
    return { schema, isRequired: !isOptional };
  }

  private valueOf(field: DataField): JsonSchema {
    const rules = field.rules.filter((rule) => !isCondition(rule) && !isNesting(rule) && !isWhitelisting(rule));
    const ofValue = rules.filter(({ each }) => !each).map(schemaOfRule);
    const ofItems = rules.filter(({ each }) => each).map(schemaOfRule);
    if (field.isNested) (field.isList ? ofItems : ofValue).push(this.nestedSchema(field));
    if (field.isNested && field.isList) ofValue.push({ type: 'array' });
    const isList = ofValue.some(({ type }) => type === 'array');
    if (ofItems.length && !isList)
      throw new InexpressibleRule('{ each: true } also accepts a value that is not a list: add @IsArray()');
    const kind = kindSchemas(field);
    if (!isList && rules.length && field.kind !== 'date') typed(mergeSchemas(ofValue)); // @Type alone also accepts a list
    (isList ? ofItems : ofValue).push(...kind);
    const items = ofItems.length ? typed(mergeSchemas(ofItems)) : undefined;
    if (items) ofValue.push({ items });
    for (const rule of rules) if (ruleName(rule) === 'arrayUnique') checkUniqueness(rule, items);
    return rules.length || field.isNested ? typed(mergeSchemas(ofValue)) : {};
  }

  private nestedSchema(field: DataField): JsonSchema {
    if (field.isDiscriminated)
      throw new InexpressibleRule('@Type with a discriminator has no schema: declare an event type for each kind');
    const inner = field.classOf({}, {});
    if (!inner) throw new InexpressibleRule('@Type names no class for a nested object: name one class');
    let name = this.names.get(inner.type);
    if (name === undefined) {
      name = this.freeName(inner.type.name);
      this.names.set(inner.type, name); // before its content, because a class can contain itself
      this.inner[name] = {};
      this.inner[name] = this.writeClass(inner);
    }
    return { type: 'object', $ref: `#/$defs/${name}` };
  }

  private freeName(name: string): string {
    const taken = new Set(this.names.values());
    if (!taken.has(name)) return name;
    let number = 2;
    while (taken.has(`${name}${number}`)) number++;
    return `${name}${number}`;
  }
}

/** `@Type` fixes the JSON type of a value: see `copyData`. */
function kindSchemas({ kind, rules }: DataField): JsonSchema[] {
  const isDate = rules.some((rule) => ruleName(rule) === 'isDate');
  if (isDate && kind !== 'date')
    throw new InexpressibleRule('@IsDate never accepts the text that JSON stores: add @Type(() => Date), or use @IsTimestamp()');
  if (kind === 'date' && !isDate) throw new InexpressibleRule('@Type(() => Date) reads the text as a Date: add @IsDate()');
  if (kind === 'date') return [{ type: 'string', pattern: DATE_PATTERN }];
  return kind === 'any' ? [] : [{ type: kind satisfies JsonType }];
}

function schemaOfRule(rule: Rule): JsonSchema {
  const name = ruleName(rule);
  const schema = ruleSchema(name);
  if (!schema)
    throw new InexpressibleRule(
      `${nameOf(rule)} has no exact JSON Schema. Use a decorator that has one, such as @Matches(/^…$/u) or @IsIn([…]), or declare the schema of your own decorator: declareRuleSchema('${name}', () => ({ type: 'string', pattern: '…' }))`,
    );
  try {
    const written = schema(rule.constraints ?? []);
    if (!HALF_EXPRESSED.has(name)) checkVerdicts(rule, written);
    return written;
  } catch (error) {
    if (error instanceof InexpressibleRule) throw new InexpressibleRule(`${nameOf(rule)}: ${error.message}`);
    throw error;
  }
}

/** The schemas of these rules are complete only with `@Type` and the schema of the items. */
const HALF_EXPRESSED = new Set(['isDate', 'arrayUnique']);

/** @throws InexpressibleRule if the rule and its schema differ for a value. */
function checkVerdicts(rule: Rule, schema: JsonSchema): void {
  const difference = findDifference(rule, schema);
  if (difference !== undefined)
    throw new InexpressibleRule(
      `it differs from its schema for ${difference}. If the decorator is your own, correct its schema and give it a unique name; otherwise install class-validator 0.15.1`,
    );
}

/** @throws InexpressibleRule unless the items are compared as JSON Schema compares them. */
function checkUniqueness(rule: Rule, items: JsonSchema | undefined): void {
  const isPrimitive = items?.enum || (items?.type && items.type !== 'object' && items.type !== 'array');
  if (!isPrimitive)
    throw new InexpressibleRule('@ArrayUnique does not compare the content of objects and lists: use it for texts or numbers');
  if (callsIdentifier(rule))
    throw new InexpressibleRule(
      '@ArrayUnique compares what its function returns, which a schema cannot express: use it without a function',
    );
}

/** True if `@ArrayUnique` has a function, which its metadata does not contain. */
function callsIdentifier(rule: Rule): boolean {
  const [constraint] = getMetadataStorage().getTargetValidatorConstraints(rule.constraintCls);
  let isRead = false;
  const item = new Proxy(
    {},
    {
      get: () => {
        isRead = true;
      },
    },
  );
  try {
    const isDistinct = constraint?.instance.validate(['a', 'b', 'aa', 1, 2, item], { constraints: [] } as never);
    return isRead || isDistinct !== true;
  } catch {
    return true; // only a function of the decorator can throw
  }
}

function conditionOf(rule: Rule): 'optional' | 'nullable' {
  if (rule.name === 'isOptional') return 'nullable';
  if (rule.constraints[0] === isPresent) return 'optional';
  throw new InexpressibleRule(
    '@ValidateIf has a condition that a schema cannot express. Use @OptionalField() for a field that can be absent, or declare an event type for each case',
  );
}

/** A schema without a type or values would accept values that no decorator mentions. */
function typed(schema: JsonSchema): JsonSchema {
  if (schema.type || schema.enum || 'const' in schema) return schema;
  throw new InexpressibleRule('no decorator says its type: add one, such as @IsString(), @IsInt() or @IsObject()');
}

/** The name that class-validator reports for a broken rule. */
const ruleName = (rule: Rule): string =>
  rule.name ?? getMetadataStorage().getTargetValidatorConstraints(rule.constraintCls)[0]?.name ?? rule.type;

const ACRONYMS = /^is(Uuid|Iso8601|Ip|Fqdn|Json|Jwt|Isbn|Isin)$/;

/** The decorator of a rule, such as `@IsUUID`. */
function nameOf(rule: Rule): string {
  const name = ruleName(rule);
  if (name === 'isLength') return '@Length';
  if (isNesting(rule)) return '@ValidateNested';
  return ACRONYMS.test(name) ? `@Is${name.slice(2).toUpperCase()}` : `@${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
