import { type ArgumentMetadata, Injectable, type PipeTransform, ValidationPipe, type ValidationError } from '@nestjs/common';
import { Problem, type FieldProblem } from '../errors/problem.js';

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
    const unstorable = findUnstorable(value, metadata.type === 'param' ? (metadata.data ?? '') : '');
    if (unstorable !== undefined) {
      throw Problem.invalid([
        {
          field: unstorable || metadata.type,
          message: 'holds a character that cannot be stored (U+0000 or half a surrogate pair)',
        },
      ]);
    }
    if (
      metadata.type === 'body' &&
      (value === null || value === undefined || typeof value !== 'object' || Array.isArray(value))
    ) {
      throw Problem.invalid([{ field: 'body', message: 'must be a JSON object' }]);
    }
    return this.validation.transform(value, metadata);
  }
}

function fieldProblems({ property, constraints, children = [] }: ValidationError, path = ''): FieldProblem[] {
  const field = path ? `${path}.${property}` : property;
  return [
    ...Object.values(constraints ?? {}).map((message) => ({ field, message })),
    ...children.flatMap((child) => fieldProblems(child, field)),
  ];
}

/** The path of the first text (or key) that cannot be stored, otherwise undefined. */
function findUnstorable(value: unknown, path: string): string | undefined {
  if (typeof value === 'string') return value.includes('\u0000') || !value.isWellFormed() ? path : undefined;
  if (value === null || typeof value !== 'object') return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const at = path ? `${path}.${key}` : key;
    const found = findUnstorable(key, at) ?? findUnstorable(inner, at);
    if (found !== undefined) return found;
  }
  return undefined;
}
