import { mask } from './mask.js';

describe('mask', () => {
  it('keeps the shape and no value', () => {
    expect(mask({ email: 'a@b.c', age: 7, tags: ['x', { y: true }], name: null })).toEqual({
      email: '[masked]',
      age: '[masked]',
      tags: ['[masked]', { y: '[masked]' }],
      name: null,
    });
  });

  it('masks what is no object as a whole', () => {
    expect([mask('secret'), mask(0), mask(false), mask(''), mask(null)]).toEqual([
      '[masked]',
      '[masked]',
      '[masked]',
      '[masked]',
      null,
    ]);
  });
});
