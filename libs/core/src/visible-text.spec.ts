import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { firstBrokenRule } from './broken-rule.js';
import { textProblem } from './text-rules.js';
import { IsVisibleText, trimText } from './visible-text.js';

class Renamed {
  @IsVisibleText({ max: 10 })
  name!: string;
}

/** The accepted name, or the problem with it. */
function read(name: unknown): string {
  const renamed = plainToInstance(Renamed, { name });
  const [error] = validateSync(renamed);
  return error ? firstBrokenRule(error)! : renamed.name;
}

describe('IsVisibleText', () => {
  it.each([
    ['Acme ', 'Acme'],
    ['\u00a0\u2003\u3000\u1680\u2028\u0085\t\r\nAcme\ufeff', 'Acme'],
    ['\u200bAcme\u2060\u200b', 'Acme'],
    ['A  B', 'A  B'],
    ['نام\u200cه', 'نام\u200cه'], // a joiner inside a Persian word
    ['❤\ufe0f', '❤\ufe0f'],
    ['\u{1f468}\u200d\u{1f469}', '\u{1f468}\u200d\u{1f469}'],
    ['ක්\u200dර', 'ක්\u200dර'], // a joiner inside a Sinhala letter
    ['葛\u{e0100}', '葛\u{e0100}'],
    ['ᠨᠠ\u180e', 'ᠨᠠ\u180e'],
    ['\u06dd1', '\u06dd1'], // a visible format character
    ['-', '-'],
    ['\u{20000}'.repeat(10), '\u{20000}'.repeat(10)],
  ])('accepts %j as %j', (name, accepted) => {
    expect(read(name)).toBe(accepted);
  });

  it.each<[unknown, string]>([
    ['', 'name must not be empty'],
    [' \u3000\u2003', 'name must not be empty'],
    ['\u200b', 'name must not be empty'],
    ['\u200d\u200c', 'name must contain a visible character'],
    ['\u2800', 'name must contain a visible character'],
    ['\u3164\u115f', 'name must contain a visible character'],
    ['\u0301', 'name must contain a visible character'],
    ['\u202e', 'name must not contain characters that change the direction of the text'],
    ...[...'\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069'].map((control): [string, string] => [
      `A${control}B`,
      'name must not contain characters that change the direction of the text',
    ]),
    ...[...'\u00ad\u200b\u2060\u2064\u206e\ufeff\ufff9\ufffa\ufffb\u{e0001}\u{e0041}'].map((invisible): [string, string] => [
      `A${invisible}B`,
      'name must not contain invisible characters',
    ]),
    ['\u{e0041}', 'name must not contain invisible characters'],
    ['\u{1f3f4}\u{e0067}\u{e007f}', 'name must not contain invisible characters'],
    ['A\u0000B', 'name must not contain control characters or line breaks'],
    ['A\u0085B', 'name must not contain control characters or line breaks'],
    ['A\u2028B', 'name must not contain control characters or line breaks'],
    ['x'.repeat(11), 'name must not be longer than 10 characters'],
    [7, 'name must be a string'],
    [['Acme'], 'name must be a string'],
    [null, 'name must be a string'],
  ])('refuses %j: %s', (name, problem) => {
    expect(read(name)).toBe(problem);
  });

  it('trims a megabyte of blanks between two letters in linear time', () => {
    const text = `a${' '.repeat(1_000_000)}b`;
    expect(trimText(` ${text} `)).toBe(text);
    expect(read(text)).toBe('name must not be longer than 10 characters');
  });
});

describe('textProblem', () => {
  it.each([
    ['ab', { max: 1 }, 'must not be longer than 1 character'],
    ['abc', { max: 2 }, 'must not be longer than 2 characters'],
    ['ab', { min: 3, max: 9 }, 'must have at least 3 characters'],
  ])('describes the problem of %j with the limits %j', (text, limits, problem) => {
    expect(textProblem(text, limits)).toBe(problem);
  });
});
