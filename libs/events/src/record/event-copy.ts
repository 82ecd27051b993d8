import { types } from 'node:util';
import { isReservedName, type DataClass, type DataField } from '../contract/data-class.js';

const MAX_DEPTH = 998; // EventBridge reads 1,000 levels; the envelope and its data are two of them
const INT64_LIMIT = 2 ** 63; // EventBridge refuses a larger integer
const EXPONENT_LIMIT = 1e21; // from here on, JSON writes an exponent
const MAX_PROBLEMS = 20; // a list can have a million wrong items
const TO_JSON = 'has a method toJSON: publish its result instead';

/**
 * Copies event data as JSON stores it, into instances of the classes that the contract declares. Getters are read once.
 *
 * Accepts plain objects, instances of any class whose state JSON shows completely, lists, text, numbers, booleans, null and valid
 * dates. An undefined property is absent.
 *
 * @returns the copy, and one text for each value that JSON would change or a reader could not read back. The texts contain paths,
 * never values.
 */
export function copyData(data: unknown, shape: DataClass): { copy: object; problems: string[] } {
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data) && !types.isDate(data);
  if (!isObject) return { copy: {}, problems: ['it must be an object'] };
  const copier = new DataCopier();
  return { copy: copier.copyObject(data, shape), problems: copier.problems };
}

/** Returns the path of a field inside an object, for example `invited_by.email`. */
export const fieldPath = (parent: string, name: string): string => (parent === '' ? name : `${parent}.${name}`);

class DataCopier {
  readonly problems: string[] = [];
  /** The path of the object that is being copied. Text is built only for a problem. */
  private readonly path: (string | number)[] = [];

  private copy(value: unknown, field: DataField | undefined, parent: object): unknown {
    if (field && field.kind !== 'any' && typeof value !== 'object' && typeof value !== field.kind) {
      if (field.kind !== 'date') return this.refuse(`must be a ${field.kind}, because @Type converts it when the event is read`);
      const date = typeof value === 'string' ? new Date(value) : undefined;
      if (date && hasTimestamp(date) && date.toISOString() === value) return date;
      return this.refuse('must be a Date, because @Type converts it when the event is read');
    }
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return this.copyNumber(value);
      case 'object':
        return value === null ? null : this.copyContent(value, field, parent);
      default:
        return this.refuse(value === undefined ? 'is undefined' : `is a ${typeof value}`);
    }
  }

  private copyNumber(value: number): unknown {
    if (!Number.isFinite(value)) return this.refuse(`is ${value}`);
    if (Object.is(value, -0)) return this.refuse('is -0, which JSON stores as 0');
    const size = Math.abs(value);
    if (size >= INT64_LIMIT && size < EXPONENT_LIMIT)
      return this.refuse('is an integer of more than 64 bits: publish it as text');
    return value;
  }

  private copyContent(value: object, field: DataField | undefined, parent: object): unknown {
    if (types.isDate(value)) {
      const time = value.getTime();
      if (Number.isNaN(time)) return this.refuse('is an invalid Date');
      const date = new Date(time);
      if (!hasTimestamp(date)) return this.refuse('is a Date outside the years 0 to 9999, which RFC 3339 cannot write');
      return field?.kind === 'date' ? date : date.toISOString();
    }
    if (this.path.length > MAX_DEPTH) return this.refuse(`is nested more than ${MAX_DEPTH} levels deep, or contains itself`);
    if (field && field.kind !== 'any' && !Array.isArray(value))
      return this.refuse(`must be a ${field.kind}, because @Type converts it when the event is read`);
    return Array.isArray(value) ? this.copyList(value, field, parent) : this.copyObject(value, field?.classOf(value, parent));
  }

  private copyList(list: readonly unknown[], field: DataField | undefined, parent: object): unknown {
    if (hasToJson(list)) return this.refuse(TO_JSON);
    if (Reflect.ownKeys(list).length !== list.length + 1) return this.refuse('is a list with empty items or other properties');
    return list.map((item, index) => {
      this.path.push(index);
      const copy = this.copy(item, field, parent);
      this.path.pop();
      return copy;
    });
  }

  copyObject(value: object, shape: DataClass | undefined): object {
    const copy = (shape ? Object.create(shape.type.prototype as object) : {}) as Record<string, unknown>;
    const keys = Object.keys(value);
    const problem = stateProblem(value, keys, shape);
    if (problem !== undefined) this.refuse(problem);
    for (const key of keys) {
      const item = (value as Readonly<Record<string, unknown>>)[key];
      if (item === undefined) continue;
      this.path.push(key);
      if (isReservedName(key)) this.refuse(`breaks whitelistValidation (property ${key} should not exist)`);
      else {
        const copied = this.copy(item, shape?.fields.get(key), copy);
        if (shape && key in copy)
          Object.defineProperty(copy, key, { value: copied, enumerable: true }); // a method or an accessor of the class
        else copy[key] = copied;
      }
      this.path.pop();
    }
    return copy;
  }

  private refuse(problem: string): undefined {
    if (this.problems.length === MAX_PROBLEMS) return;
    const path = this.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
    this.problems.push(`${path.replace(/^\./, '') || 'data'} ${problem}`);
  }
}

/** True for a valid date whose year has four digits in `toISOString()`. */
const hasTimestamp = (date: Date): boolean => date.getUTCFullYear() >= 0 && date.getUTCFullYear() <= 9999;

const hasToJson = (value: object): boolean => 'toJSON' in value && typeof value.toJSON === 'function';

/** Returns why JSON cannot show the state of an object, or undefined. */
function stateProblem(value: object, keys: readonly string[], shape: DataClass | undefined): string | undefined {
  if (hasToJson(value)) return TO_JSON;
  const type = Object.prototype.toString.call(value);
  if (type !== '[object Object]') return `is a ${type.slice('[object '.length, -1)}, which JSON cannot store`;
  if (Reflect.ownKeys(value).length !== keys.length) return 'has properties that JSON does not store';
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null) return undefined;
  if (shape && value instanceof shape.type) return undefined;
  return keys.length === 0 || hasAccessor(prototype)
    ? `is an instance of ${value.constructor.name}, whose state JSON does not store: publish a plain object`
    : undefined;
}

function hasAccessor(prototype: object | null): boolean {
  for (let at = prototype; at && Object.getPrototypeOf(at) !== null; at = Object.getPrototypeOf(at) as object | null) {
    for (const { get } of Object.values(Object.getOwnPropertyDescriptors(at))) if (get) return true;
  }
  return false;
}
