import { getMetadataStorage, ValidationTypes, type ValidatorConstraintInterface } from 'class-validator';
import type { Rule } from './data-class.js';

interface PreparedRule {
  readonly metadata: Rule;
  readonly constraints: readonly ValidatorConstraintInterface[];
}

interface Property {
  readonly name: string;
  readonly conditions: readonly ((object: object, value: unknown) => unknown)[];
  readonly rules: readonly PreparedRule[];
  readonly isNested: boolean;
}

const prepared = new WeakMap<Function, readonly Property[]>();

/**
 * True if `validateSync(object)` of class-validator finds no error. The rules are looked up once for each class, and no errors are
 * built. Supports the rules that a contract class can have: those that are synchronous.
 */
export function followsRules(object: object): boolean {
  let properties = prepared.get(object.constructor);
  if (!properties) prepared.set(object.constructor, (properties = prepare(object.constructor)));
  return properties.length > 0 && properties.every((property) => isPropertyValid(object, property));
}

function prepare(type: Function): Property[] {
  const storage = getMetadataStorage();
  const all = storage.getTargetValidationMetadatas(type, '', false, false);
  return Object.entries(storage.groupByPropertyName(all)).map(([name, metadatas]) => {
    const ofType = (wanted: string): Rule[] => metadatas.filter(({ type: kind }) => kind === wanted);
    return {
      name,
      conditions: ofType(ValidationTypes.CONDITIONAL_VALIDATION).map(
        ({ constraints }) => constraints[0] as Property['conditions'][number],
      ),
      rules: ofType(ValidationTypes.CUSTOM_VALIDATION).map((metadata) => ({
        metadata,
        constraints: storage.getTargetValidatorConstraints(metadata.constraintCls).map(({ instance }) => instance),
      })),
      isNested: ofType(ValidationTypes.NESTED_VALIDATION).length > 0,
    };
  });
}

function isPropertyValid(object: object, { name, conditions, rules, isNested }: Property): boolean {
  const value = (object as Readonly<Record<string, unknown>>)[name];
  if (!conditions.every((condition) => condition(object, value))) return true;
  return rules.every((rule) => isRuleMet(object, value, rule)) && (!isNested || isInnerValid(value));
}

function isRuleMet(object: object, value: unknown, { metadata, constraints }: PreparedRule): boolean {
  const { propertyName: property, constraints: parameters, each, validateIf } = metadata;
  if (validateIf && !validateIf(object, value)) return true;
  const args = { targetName: object.constructor.name, property, object, value, constraints: parameters as unknown[] };
  const items = each && Array.isArray(value) ? (value as readonly unknown[]) : [value];
  return constraints.every((constraint) => items.every((item) => constraint.validate(item, args)));
}

function isInnerValid(value: unknown): boolean {
  if (value === undefined) return true;
  if (Array.isArray(value)) return value.every(isInnerValid);
  return value instanceof Object && followsRules(value);
}
