import { mask } from './mask.js';

describe('mask', () => {
  it('keeps the structure of an object and masks its values', () => {
    expect(mask({ email: 'a@b.c', age: 7, tags: ['x', { y: true }], name: null })).toEqual({
      email: '[masked]',
      age: '[masked]',
      tags: ['[masked]', { y: '[masked]' }],
      name: null,
    });
  });

  it('masks a primitive as a whole', () => {
    expect([mask('secret'), mask(0), mask(false), mask(''), mask(null)]).toEqual([
      '[masked]',
      '[masked]',
      '[masked]',
      '[masked]',
      null,
    ]);
  });
});
