import { type ArgumentMetadata, Injectable, type PipeTransform, ValidationPipe, type ValidationError } from '@nestjs/common';
import { Problem, type FieldProblem } from '../errors/problem.js';

const MAX_DEPTH = 32; // levels of a body; what validates it is recursive, and a megabyte of "[" would exhaust the stack

const mayBeAbsent = new WeakSet<Function>();

/** A body of which everything is optional, and which need not be sent at all. */
export const OptionalBody = (): ClassDecorator => (body) => void mayBeAbsent.add(body);

/**
 * Validates body, query and parameters by their class: unknown fields are refused, every problem is named with its field.
 * Text that PostgreSQL cannot store (U+0000, half a surrogate pair) is refused everywhere.
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
    if (metadata.type === 'custom') return value; // what a decorator of ours found, not what a caller sent
    const refused = findRefused(value, metadata.type === 'param' ? (metadata.data ?? '') : '');
    if (refused) throw Problem.invalid([{ ...refused, field: refused.field || metadata.type }]);
    if (metadata.type === 'body' && value === undefined && mayBeAbsent.has(metadata.metatype!))
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

/** The first text or key that cannot be stored, key that every object has, or value nested too deep to look for one. */
function findRefused(value: unknown, field: string, depth = 0): FieldProblem | undefined {
  if (typeof value === 'string') {
    return value.includes('\u0000') || !value.isWellFormed()
      ? { field, message: 'holds a character that cannot be stored (U+0000 or half a surrogate pair)' }
      : undefined;
  }
  if (value === null || typeof value !== 'object') return undefined;
  if (depth > MAX_DEPTH) return { field: field.split('.', 1)[0]!, message: `is nested deeper than ${MAX_DEPTH} levels` };
  for (const [key, inner] of Object.entries(value)) {
    const at = field ? `${field}.${key}` : key;
    if (key in Object.prototype) return { field: at, message: 'is not a name that a field may have' }; // class-transformer would pass over it
    const found = findRefused(key, at, depth) ?? findRefused(inner, at, depth + 1);
    if (found) return found;
  }
  return undefined;
}
