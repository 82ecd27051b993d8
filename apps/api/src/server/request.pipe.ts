import { type ArgumentMetadata, Injectable, type PipeTransform, ValidationPipe, type ValidationError } from '@nestjs/common';
import { firstBrokenRule } from '@pikaia/core';
import { Problem, type FieldProblem } from '../errors/problem.js';

const MAX_DEPTH = 32; // validation is recursive, and a megabyte of "[" would exhaust the stack
const MAX_VALUES = 1_000; // validation takes about 50 µs for each field and list item, and blocks the event loop
const MAX_REPORTED = 20;
const MAX_REPORTED_NAME = 100; // characters; a problem repeats each name, and can be stored with an idempotency key

const optionalBodies = new WeakSet<Function>();
const itemsAlone = new WeakMap<Function, string>();

/** Marks a request class whose fields are all optional, so the body may be absent. */
export const OptionalBody = (): ClassDecorator => (body) => void optionalBodies.add(body);

export const isOptionalBody = (body: Function): boolean => optionalBodies.has(body);

/** Marks a request class whose service validates each item of the list `field`, so that an invalid item does not refuse the others. */
export const ValidateItemsAlone =
  (field: string): ClassDecorator =>
  (body) =>
    void itemsAlone.set(body, field);

/**
 * Validates body, query and path parameters against their class. Refuses unknown fields and reports each problem with its field.
 * Refuses strings that PostgreSQL cannot store: those with U+0000 or a lone surrogate. Refuses more than 1,000 fields and list items
 * in all, and reports the first 20 problems.
 */
@Injectable()
export class RequestPipe implements PipeTransform {
  private readonly validation = new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    validationError: { value: true, target: false }, // by default, Nest removes the value of a field that has inner errors
    exceptionFactory: (errors) => {
      const problems = errors.flatMap((error) => fieldProblems(error));
      return Problem.invalid(problems.slice(0, MAX_REPORTED), problems.length);
    },
  });

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    if (metadata.type === 'custom') return value; // the value comes from one of our decorators, not from the caller
    const refused = findInvalidValue(value, metadata.type === 'param' ? (metadata.data ?? '') : '', {
      values: 0,
      alone: metadata.metatype && itemsAlone.get(metadata.metatype),
    });
    if (refused) {
      const field = refused.field || metadata.type;
      throw Problem.invalid([{ field, message: `${field} ${refused.rule}` }]);
    }
    if (metadata.type === 'body' && value === undefined && optionalBodies.has(metadata.metatype!))
      return this.validation.transform({}, metadata);
    if (
      metadata.type === 'body' &&
      (value === null || value === undefined || typeof value !== 'object' || Array.isArray(value))
    ) {
      const rule = value === undefined ? 'is required and must be a JSON object' : 'must be a JSON object';
      throw Problem.invalid([{ field: 'body', message: `body ${rule}` }]);
    }
    return this.validation.transform(value, metadata);
  }
}

/** Returns one problem for each field. Its message begins with the field. Fields inside a wrong one are not reported. */
function fieldProblems(error: ValidationError, path = ''): FieldProblem[] {
  const name = error.property === '' ? '""' : shorten(error.property);
  const field = path ? `${path}.${name}` : name;
  const rule = brokenRule(error);
  if (rule !== undefined) return [{ field, message: `${field} ${rule}` }];
  return (error.children ?? []).flatMap((child) => fieldProblems(child, field));
}

/** Returns the rule in the words of the caller, without the name of the field. */
function brokenRule(error: ValidationError): string | undefined {
  const { property, value, constraints = {} } = error;
  if ('whitelistValidation' in constraints) return 'is not a known field';
  const message = firstBrokenRule(error);
  // Any rule refuses a value that is absent or null, such as one about control characters: its message would mislead.
  if (message === undefined || value === null || value === undefined)
    return message && (value === null ? 'must not be null' : 'is required');
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}

const shorten = (name: string): string =>
  name.length > MAX_REPORTED_NAME ? `${name.slice(0, MAX_REPORTED_NAME).toWellFormed()}…` : name;

interface InvalidValue {
  readonly field: string;
  readonly rule: string;
}

/**
 * Finds the first string or key that cannot be stored, key of Object.prototype, or value that is nested too deep. Stops when `seen`
 * has counted too many values. Ignores strings in the items of the list `alone`, which are checked later.
 */
function findInvalidValue(
  value: unknown,
  field: string,
  seen: { values: number; readonly alone: string | undefined },
  depth = 0,
): InvalidValue | undefined {
  if (typeof value === 'string') {
    if (seen.alone !== undefined && field.startsWith(`${seen.alone}.`)) return undefined;
    return value.includes('\u0000') || !value.isWellFormed()
      ? { field, rule: 'contains a character that cannot be stored (U+0000 or half a surrogate pair)' }
      : undefined;
  }
  if (value === null || typeof value !== 'object') return undefined;
  if (depth > MAX_DEPTH) return { field: field.split('.', 1)[0]!, rule: `is nested deeper than ${MAX_DEPTH} levels` };
  const entries = Object.entries(value);
  seen.values += entries.length;
  if (seen.values > MAX_VALUES) return { field: '', rule: `has more than ${MAX_VALUES} fields and list items` };
  for (const [key, inner] of entries) {
    const at = field ? `${field}.${shorten(key)}` : shorten(key);
    if (key in Object.prototype) return { field: at, rule: 'is not an allowed field name' }; // class-transformer ignores such keys
    const found = findInvalidValue(key, at, seen, depth) ?? findInvalidValue(inner, at, seen, depth + 1);
    if (found) return found;
  }
  return undefined;
}
