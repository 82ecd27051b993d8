import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { parseId } from '@pikaia/core';
import { Problem } from '../errors/problem.js';

/**
 * Validates an id in the path and converts it to its stored spelling. Refuses a value that is not a UUID before it reaches the database.
 */
@Injectable()
export class IdPipe implements PipeTransform<unknown, string> {
  transform(value: unknown, { data = 'id' }: ArgumentMetadata): string {
    const id = typeof value === 'string' ? parseId(value) : undefined;
    if (id === undefined)
      throw Problem.badRequest(`"${data}" in the path must be a UUID.`, {
        errors: [{ field: data, message: `${data} must be a UUID` }],
      });
    return id;
  }
}
