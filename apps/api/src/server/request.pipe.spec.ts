import type { ArgumentMetadata } from '@nestjs/common';
import { OptionalField } from '@pikaia/core';
import { IsInt, IsOptional, IsString, Matches, MaxLength, MinLength, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import { ReplayEventsRequest } from '../administration/operation.requests.js';
import type { Problem } from '../errors/problem.js';
import { RequestPipe } from './request.pipe.js';

class Inner {
  @IsString()
  text!: string;
}

class Body {
  @IsInt()
  count!: number;

  @OptionalField()
  @IsString()
  @MinLength(2)
  @Matches(/^[a-z]+$/, { message: 'name must have lower-case letters' })
  @MaxLength(8)
  name?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => Inner)
  inner?: Inner;
}

const pipe = new RequestPipe();
const body: ArgumentMetadata = { type: 'body', metatype: Body };

async function fieldsOf(value: unknown, metadata = body): Promise<string[]> {
  try {
    await pipe.transform(value, metadata);
    return [];
  } catch (problem) {
    return (problem as Problem).errors.map(({ field }) => field);
  }
}

/** The problem of a value that is refused. */
async function problemOf(value: unknown, metadata = body): Promise<Problem> {
  return (await Promise.resolve()
    .then(() => pipe.transform(value, metadata))
    .then(
      () => Promise.reject(new Error('accepted')),
      (error: unknown) => error,
    )) as Problem;
}

describe('RequestPipe', () => {
  it('creates an instance of the request class', async () => {
    expect(await pipe.transform({ count: 1, inner: { text: 'x' } }, body)).toEqual(
      Object.assign(new Body(), { count: 1, inner: Object.assign(new Inner(), { text: 'x' }) }),
    );
  });

  it.each([
    ['a wrong type', { count: '1' }, ['count']],
    ['a missing field', {}, ['count']],
    ['an unknown field', { count: 1, more: 1 }, ['more']],
    ['a field inside another', { count: 1, inner: { text: 1, more: 1 } }, ['inner.more', 'inner.text']],
    ['U+0000 in a string', { count: 1, inner: { text: 'a\u0000' } }, ['inner.text']],
    ['half a surrogate pair in a list', { count: 1, list: ['\udc00'] }, ['list.0']],
    ['U+0000 in a name', { 'a\u0000': 1 }, ['a\u0000']],
    ['a name of Object.prototype', { count: 1, constructor: {} }, ['constructor']],
    ['a value that is not an object', 'text', ['body']],
    ['a list', [], ['body']],
    ['null', null, ['body']],
    ['an absent body', undefined, ['body']],
  ])('reports the field of %s', async (_, value, fields) => {
    expect((await fieldsOf(value)).sort()).toEqual(fields);
  });

  it('reports one message for each field: absent, null, wrong type, and then the other rules in the order of the class', async () => {
    const messageFor = async (name: unknown) => (await problemOf({ count: 1, name })).detail;
    expect(await messageFor(null)).toBe('name must not be null');
    expect(await messageFor(7)).toBe('name must be a string');
    expect(await messageFor(['a', 'b'])).toBe('name must be a string');
    expect(await messageFor('')).toBe('name must be longer than or equal to 2 characters');
    expect(await messageFor('x')).toBe('name must be longer than or equal to 2 characters');
    expect(await messageFor('X'.repeat(9))).toBe('name must have lower-case letters');
    expect((await problemOf({})).detail).toBe('count is required');
    expect((await problemOf({ count: null, more: null })).errors).toEqual([
      { field: 'more', message: 'more is not a known field' },
      { field: 'count', message: 'count must not be null' },
    ]);
    expect((await problemOf({ count: 1, inner: { text: 1 } })).errors).toEqual([
      { field: 'inner.text', message: 'inner.text must be a string' },
    ]);
  });

  it('begins every message with the field', async () => {
    expect((await problemOf(undefined)).detail).toBe('body is required and must be a JSON object');
    expect((await problemOf([])).detail).toBe('body must be a JSON object');
    expect((await problemOf({ a: { b: '\u0000' } })).detail).toMatch(/^a\.b contains a character that cannot be stored/);
    expect((await problemOf({ constructor: 1 })).detail).toBe('constructor is not an allowed field name');
  });

  it('refuses a body that is nested so deep that validation would exhaust the stack', async () => {
    const nested = (depth: number) => JSON.parse(`{"deep":${'['.repeat(depth)}${']'.repeat(depth)}}`) as unknown;
    expect(await fieldsOf(nested(100_000))).toEqual(['deep']);
    expect(await fieldsOf(nested(10), { type: 'query' })).toEqual([]);
  });

  it('refuses more than 1,000 fields and list items before it validates them', async () => {
    const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, n]));
    const tooMany = [{ field: 'body', message: 'body has more than 1000 fields and list items' }];
    expect((await problemOf(fields(1_001))).errors).toEqual(tooMany);
    expect((await problemOf({ count: 1, inner: Array.from({ length: 500 }, () => ({ text: '' })) })).errors).toEqual(tooMany);
    expect(await fieldsOf(fields(1_001), { type: 'query', metatype: Body })).toEqual(['query']);
  });

  it('reports the first 20 problems and the number of the others', async () => {
    const problem = await problemOf(Object.fromEntries(Array.from({ length: 999 }, (_, n) => [`f${n}`, n])));
    expect(problem.errors).toHaveLength(20);
    expect(problem.detail).toMatch(/^f0 is not a known field; .*; f19 is not a known field; 980 more$/);
  });

  it('shortens the names of unknown and refused fields to 100 characters', async () => {
    const name = '𝒙'.repeat(60_000);
    const shown = `${'𝒙'.repeat(50)}…`;
    expect((await problemOf({ count: 1, [name]: 1 })).detail).toBe(`${shown} is not a known field`);
    expect((await problemOf({ count: 1, inner: { text: '', [name]: { [name]: '\u0000' } } })).errors).toEqual([
      {
        field: `inner.${shown}.${shown}`,
        message: `inner.${shown}.${shown} contains a character that cannot be stored (U+0000 or half a surrogate pair)`,
      },
    ]);
  });

  it('reports a filter that is not an object once, without its content', async () => {
    const replay: ArgumentMetadata = { type: 'body', metatype: ReplayEventsRequest };
    for (const filter of [[{ foo: 1 }], [], 'x', 7]) {
      expect((await problemOf({ filter }, replay)).errors).toEqual([{ field: 'filter', message: 'filter must be an object' }]);
    }
    expect((await problemOf({}, replay)).detail).toBe('filter is required');
    expect((await problemOf({ filter: { foo: 1 }, sink: '' }, replay)).errors).toEqual([
      { field: 'filter.foo', message: 'filter.foo is not a known field' },
      { field: 'sink', message: 'sink must not be empty' },
    ]);
  });

  it('shows an empty field name as two quotes', async () => {
    expect((await problemOf({ count: 1, '': 1 })).detail).toBe('"" is not a known field');
  });

  it('converts the ids of a replay to their stored spelling', async () => {
    const id = '0198a0a0-abcd-7000-8000-0123456789ef';
    const fields = ['organization_id', 'aggregate_id', 'correlation_id'];
    for (const spelling of [id.toUpperCase(), `{${id}}`]) {
      const replay = { filter: Object.fromEntries(fields.map((field) => [field, spelling])) };
      expect(await pipe.transform(replay, { type: 'body', metatype: ReplayEventsRequest })).toMatchObject({
        filter: Object.fromEntries(fields.map((field) => [field, id])),
      });
    }
  });

  it('passes values of custom decorators unchanged', () => {
    const identity = { name: 'a\u0000' };
    expect(pipe.transform(identity, { type: 'custom' })).toBe(identity);
  });

  it('reports the name of a path parameter that contains U+0000', async () => {
    expect(await fieldsOf('\u0000', { type: 'param', data: 'id', metatype: String })).toEqual(['id']);
  });
});
