import { type ArgumentMetadata, Injectable, type PipeTransform, ValidationPipe, type ValidationError } from '@nestjs/common';
import { Problem, type FieldProblem } from '../errors/problem.js';

const MAX_DEPTH = 32; // validation is recursive, and a megabyte of "[" would exhaust the stack

const optionalBodies = new WeakSet<Function>();

/** Marks a request class whose fields are all optional, so the body may be absent. */
export const OptionalBody = (): ClassDecorator => (body) => void optionalBodies.add(body);

/**
 * Validates body, query and path parameters against their class. Refuses unknown fields and reports each problem with its field.
 * Refuses strings that PostgreSQL cannot store: those with U+0000 or a lone surrogate.
 */
@Injectable()
export class RequestPipe implements PipeTransform {
  private readonly validation = new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    stopAtFirstError: true,
    exceptionFactory: (errors) => Problem.invalid(errors.flatMap((error) => fieldProblems(error))),
  });

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    if (metadata.type === 'custom') return value; // the value comes from one of our decorators, not from the caller
    const refused = findInvalidValue(value, metadata.type === 'param' ? (metadata.data ?? '') : '');
    if (refused) throw Problem.invalid([{ ...refused, field: refused.field || metadata.type }]);
    if (metadata.type === 'body' && value === undefined && optionalBodies.has(metadata.metatype!))
      return this.validation.transform({}, metadata);
    if (
      metadata.type === 'body' &&
      (value === null || value === undefined || typeof value !== 'object' || Array.isArray(value))
    ) {
      throw Problem.invalid([{ field: 'body', message: 'must be a JSON object' }]);
    }
    return this.validation.transform(value, metadata);
  }
}

function fieldProblems({ property, value, constraints = {}, children = [] }: ValidationError, path = ''): FieldProblem[] {
  const field = path ? `${path}.${property}` : property;
  // The rule that refuses null is any of the field's, such as the one about control characters: its message would mislead.
  const isNull = value === null && !('whitelistValidation' in constraints);
  return [
    ...Object.values(constraints).map((message) => ({ field, message: isNull ? `${property} must not be null` : message })),
    ...children.flatMap((child) => fieldProblems(child, field)),
  ];
}

/** Finds the first string or key that cannot be stored, key of Object.prototype, or value that is nested too deep. */
function findInvalidValue(value: unknown, field: string, depth = 0): FieldProblem | undefined {
  if (typeof value === 'string') {
    return value.includes('\u0000') || !value.isWellFormed()
      ? { field, message: 'contains a character that cannot be stored (U+0000 or half a surrogate pair)' }
      : undefined;
  }
  if (value === null || typeof value !== 'object') return undefined;
  if (depth > MAX_DEPTH) return { field: field.split('.', 1)[0]!, message: `is nested deeper than ${MAX_DEPTH} levels` };
  for (const [key, inner] of Object.entries(value)) {
    const at = field ? `${field}.${key}` : key;
    if (key in Object.prototype) return { field: at, message: 'is not an allowed field name' }; // class-transformer ignores such keys
    const found = findInvalidValue(key, at, depth) ?? findInvalidValue(inner, at, depth + 1);
    if (found) return found;
  }
  return undefined;
}
