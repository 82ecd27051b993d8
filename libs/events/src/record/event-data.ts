import { PikaiaError } from '@pikaia/core';
import { validateSync, type ValidationError } from 'class-validator';
import type { Contract } from '../contract/domain-event.js';
import { describeDataClass, type DataClass } from '../contract/data-class.js';
import { followsRules } from '../contract/rules.js';
import { copyData, fieldPath } from './event-copy.js';

/**
 * Copies event data and validates the copy against the contract's class. The copy is what JSON stores: a value that JSON would
 * change is refused, and so are fields that the class does not declare.
 *
 * @returns the copy, an instance of the contract's class.
 * @throws PikaiaError `PIKAIA_EVENT_INVALID`. The message names the contract and the path and rule of each invalid field. It
 * never contains a value.
 */
export function checkData(contract: Contract, data: unknown): object {
  const shape = describeDataClass(contract.data);
  let checked: { copy: object; problems: readonly string[] };
  try {
    checked = copyAndValidate(data, shape);
  } catch (cause) {
    if (cause instanceof PikaiaError) throw cause;
    throw invalidEvent(contract, ['it cannot be validated, because a getter of the data or a rule of the class throws'], cause);
  }
  if (checked.problems.length) throw invalidEvent(contract, checked.problems);
  return checked.copy;
}

function copyAndValidate(data: unknown, shape: DataClass): { copy: object; problems: string[] } {
  const { copy, problems } = copyData(data, shape);
  if (problems.length) return { copy, problems };
  checkFields(copy, shape, '', problems);
  if (!followsRules(copy))
    for (const error of validateSync(copy, { forbidUnknownValues: true })) problems.push(...problemsOf(error));
  return { copy, problems };
}

/** Adds the rules that class-validator does not enforce: no unknown fields, and nested objects where the class declares them. */
function checkFields(object: object, { fields, initialized }: DataClass, path: string, problems: string[]): void {
  for (const key of Object.keys(object)) {
    if (!fields.has(key)) problems.push(`${fieldPath(path, key)} breaks whitelistValidation (property ${key} should not exist)`);
  }
  for (const name of initialized) {
    if (!Object.hasOwn(object, name)) problems.push(`${fieldPath(path, name)} is absent, and its initial value is not stored`);
  }
  for (const field of fields.values()) {
    if (!field.isNested) continue;
    const { name, isList, conditions } = field;
    const value = (object as Readonly<Record<string, unknown>>)[name];
    if (!conditions.every((condition) => condition(object, value))) continue;
    const items: readonly unknown[] | undefined = isList ? (Array.isArray(value) ? value : undefined) : [value];
    const at = fieldPath(path, name);
    if (!items) problems.push(`${at} breaks nestedValidation (${name} must be a list)`);
    for (const [index, item] of items?.entries() ?? []) {
      const itemPath = isList ? `${at}[${index}]` : at;
      const inner = typeof item === 'object' && item !== null && !Array.isArray(item) ? field.classOf(item, object) : undefined;
      if (inner) checkFields(item as object, inner, itemPath, problems);
      else problems.push(`${itemPath} breaks nestedValidation (${name} must be an object)`);
    }
  }
}

/** Returns one text for each broken rule, for example `invited_by.email breaks isEmail (email must be an email)`. */
function problemsOf({ property, constraints = {}, children = [], value }: ValidationError, parent = ''): string[] {
  const path = /^\d+$/.test(property) && parent ? `${parent}[${property}]` : [parent, property].filter(Boolean).join('.');
  return [
    ...Object.entries(constraints)
      .filter(([rule]) => rule !== 'nestedValidation') // see checkFields
      .map(([rule, message]) => `${path || 'data'} breaks ${rule}${explain(message, property, value)}`),
    ...children.flatMap((child) => problemsOf(child, path)),
  ];
}

/**
 * Returns the validation message in parentheses. Omits a message that quotes the value, as a custom message with `$value` does.
 */
function explain(message: string, property: string, value: unknown): string {
  const quotes = ['string', 'number', 'boolean'].includes(typeof value) && message.replace(property, '').includes(String(value));
  return quotes ? '' : ` (${message})`;
}

const invalidEvent = (contract: Contract, problems: readonly string[], cause?: unknown): PikaiaError =>
  new PikaiaError(
    'PIKAIA_EVENT_INVALID',
    `The data of ${contract.type} version ${contract.version} violates its contract ${contract.data.name}: ${problems.join('; ')}.`,
    { cause },
  );
