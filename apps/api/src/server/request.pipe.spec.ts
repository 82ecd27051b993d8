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

describe('the request pipe', () => {
  it('makes an instance of the class', async () => {
    expect(await pipe.transform({ count: 1, inner: { text: 'x' } }, body)).toEqual(
      Object.assign(new Body(), { count: 1, inner: Object.assign(new Inner(), { text: 'x' }) }),
    );
  });

  it.each([
    ['a wrong type', { count: '1' }, ['count']],
    ['a missing field', {}, ['count']],
    ['an unknown field', { count: 1, more: 1 }, ['more']],
    ['a field inside another', { count: 1, inner: { text: 1, more: 1 } }, ['inner.more', 'inner.text']],
    ['U+0000 in a text', { count: 1, inner: { text: 'a\u0000' } }, ['inner.text']],
    ['half a surrogate pair in a list', { count: 1, list: ['\udc00'] }, ['list.0']],
    ['U+0000 in a name', { 'a\u0000': 1 }, ['a\u0000']],
    ['a name that every object has', { count: 1, constructor: {} }, ['constructor']],
    ['what is no object', 'text', ['body']],
    ['a list', [], ['body']],
    ['null', null, ['body']],
    ['nothing', undefined, ['body']],
  ])('names the field of %s', async (_, value, fields) => {
    expect((await fieldsOf(value)).sort()).toEqual(fields);
  });

  it('says of null that it is refused, whatever rule refuses it, and leaves the message of an unknown field', async () => {
    const problem = await Promise.resolve(pipe.transform({ count: null, more: null }, body)).catch((error: unknown) => error);
    expect((problem as Problem).errors).toEqual([
      { field: 'more', message: 'property more should not exist' },
      { field: 'count', message: 'count must not be null' },
    ]);
  });

  it('refuses what is nested so deep that looking at it would exhaust the stack', async () => {
    const nested = (depth: number) => JSON.parse(`{"deep":${'['.repeat(depth)}${']'.repeat(depth)}}`) as unknown;
    expect(await fieldsOf(nested(100_000))).toEqual(['deep']);
    expect(await fieldsOf(nested(10), { type: 'query' })).toEqual([]);
  });

  it('lets through what a decorator of ours has found', () => {
    const identity = { name: 'a\u0000' };
    expect(pipe.transform(identity, { type: 'custom' })).toBe(identity);
  });

  it('refuses U+0000 in a parameter of the path by its name', async () => {
    expect(await fieldsOf('\u0000', { type: 'param', data: 'id', metatype: String })).toEqual(['id']);
  });
});
