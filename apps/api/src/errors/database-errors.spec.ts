import { QueryFailedError } from 'typeorm';
import { isUniqueConflict, retryAfter } from './database-errors.js';

const failed = (code: string) => new QueryFailedError('select 1', [], Object.assign(new Error('of the driver'), { code }));

describe('errors of the database', () => {
  it.each([
    ['the server is away', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
    ['the connection was cut', new Error('Connection terminated unexpectedly')],
    ['no connection became free', new Error('timeout exceeded when trying to connect')],
    ['it is shutting down', failed('57P01')],
    ['there are too many connections', failed('53300')],
    ['a deadlock was broken', failed('40P01')],
    ['one of these is the cause', new Error('outer', { cause: failed('08006') })],
  ])('say to try again where %s', (_, error) => {
    expect(retryAfter(error)).toBe(2);
  });

  it.each([
    ['a unique value is taken', failed('23505')],
    ['a value cannot be read', failed('22P02')],
    ['the right is missing', failed('42501')],
    ['it is no error', undefined],
    ['it is a text', 'ECONNREFUSED'],
  ])('do not say so where %s', (_, error) => {
    expect(retryAfter(error)).toBeUndefined();
  });

  it('ends with errors that are their own cause', () => {
    const error: { cause?: unknown } = {};
    error.cause = error;
    expect(retryAfter(error)).toBeUndefined();
  });

  it('tell a unique conflict from everything else', () => {
    expect(isUniqueConflict(failed('23505'))).toBe(true);
    for (const other of [failed('23503'), new Error('23505'), null, undefined]) expect(isUniqueConflict(other)).toBe(false);
  });
});
