import { amountText } from './amount-text.js';

describe('amountText', () => {
  it.each([
    [0, 'rows', '0 rows'],
    [1, 'rows', '1 row'],
    [0, 'bytes', '0 bytes'],
    [1_023, 'bytes', '1,023 bytes'],
    [1_024, 'bytes', '1 KiB'],
    [1_536, 'bytes', '1.5 KiB'],
    [5 * 1_024 ** 3, 'bytes', '5 GiB'],
    [3 * 1_024 ** 5, 'bytes', '3,072 TiB'],
  ] as const)('formats %d %s', (amount, unit, text) => {
    expect(amountText(amount, unit)).toBe(text);
  });
});
