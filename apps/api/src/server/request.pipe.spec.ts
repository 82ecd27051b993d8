import type { ArgumentMetadata } from '@nestjs/common';
import { IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import type { Problem } from '../errors/problem.js';
import { RequestPipe } from './request.pipe.js';

class Inner {
  @IsString()
  text!: string;
}

class Body {
  @IsInt()
  count!: number;

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

  it('names null as the problem, whichever rule refuses it, and keeps the message about an unknown field', async () => {
    const problem = await Promise.resolve(pipe.transform({ count: null, more: null }, body)).catch((error: unknown) => error);
    expect((problem as Problem).errors).toEqual([
      { field: 'more', message: 'property more should not exist' },
      { field: 'count', message: 'count must not be null' },
    ]);
  });

  it('refuses a body that is nested so deep that validation would exhaust the stack', async () => {
    const nested = (depth: number) => JSON.parse(`{"deep":${'['.repeat(depth)}${']'.repeat(depth)}}`) as unknown;
    expect(await fieldsOf(nested(100_000))).toEqual(['deep']);
    expect(await fieldsOf(nested(10), { type: 'query' })).toEqual([]);
  });

  it('passes values of custom decorators unchanged', () => {
    const identity = { name: 'a\u0000' };
    expect(pipe.transform(identity, { type: 'custom' })).toBe(identity);
  });

  it('reports the name of a path parameter that contains U+0000', async () => {
    expect(await fieldsOf('\u0000', { type: 'param', data: 'id', metatype: String })).toEqual(['id']);
  });
});
