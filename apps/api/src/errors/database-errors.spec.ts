import { QueryFailedError } from 'typeorm';
import { isUniqueConflict } from './database-errors.js';

const failed = (code: string) => new QueryFailedError('select 1', [], Object.assign(new Error('of the driver'), { code }));

describe('isUniqueConflict', () => {
  it('returns true only for a violation of a unique constraint', () => {
    expect(isUniqueConflict(failed('23505'))).toBe(true);
    for (const other of [failed('23503'), new Error('23505'), null, undefined]) expect(isUniqueConflict(other)).toBe(false);
  });
});
