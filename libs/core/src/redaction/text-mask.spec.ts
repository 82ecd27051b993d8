import fc from 'fast-check';
import { redactText } from './redact-text.js';
import { redactValue } from './redact-value.js';
import { TextMask, withTextMask } from './text-mask.js';

const masked = (texts: readonly string[], text: string): string => TextMask.of(texts)?.apply(text) ?? text;

describe('TextMask', () => {
  it.each([
    ['an email address', ['frank@example.com'], 'to <Frank@Example.com>: refused', 'to <[masked]>: refused'],
    ['a name of several words', ['Frank Fox'], 'no Frank Fox, no FRANK FOX', 'no [masked], no [masked]'],
    ['a longer text before a shorter one in it', ['frank', 'frank@example.com'], 'frank@example.com', '[masked]'],
    ['a text as JSON escapes it', ['Frank "F" Fox'], String.raw`{"name":"Frank \"F\" Fox"}`, '{"name":"[masked]"}'],
    ['a text as a URL escapes it', ['frank@example.com'], '/users?email=frank%40example.com', '/users?email=[masked]'],
    ['a text as the query of a URL escapes it', ["Pat O'Neil"], `/users?${new URLSearchParams({ name: "Pat O'Neil" }).toString()}`, '/users?name=[masked]'], // prettier-ignore
    ['a word as a whole word', ['Mark'], 'mark: remarkable Mark, mark.created @mark', '[masked]: remarkable [masked], mark.created @[masked]'], // prettier-ignore
    ['a word of other scripts', ['Zoë', '李小龙'], 'Zoë und Zoëlle, 李小龙', '[masked] und Zoëlle, [masked]'],
    ['a name in scripts without spaces', ['王伟', '김철수'], '找不到王伟的账户, 김철수는', '找不到[masked]的账户, [masked]는'],
    ['characters of regular expressions as they are', ['a.b+c@x.com'], 'a.b+c@x.com, aXb+c@x.com', '[masked], aXb+c@x.com'],
    ['blanks around a text not as part of it', [' frank@example.com '], 'to frank@example.com', 'to [masked]'],
  ])('masks %s', (_, texts, text, expected) => {
    expect(masked(texts, text)).toBe(expected);
  });

  it('masks no text of fewer than three characters, and none that is part of the mask', () => {
    expect(TextMask.of(['', ' ', 'Al', 'masked', '[masked]'])).toBeUndefined();
  });

  it('masks every text as a whole if there are too many texts to search for', () => {
    const texts = Array.from({ length: 10_001 }, (_, n) => `person ${n}`);
    expect(masked(texts, 'unrelated')).toBe('[masked]');
    expect(masked(texts.slice(1), 'person 10000 is unrelated')).toBe('[masked] is unrelated');
  });

  it('leaves no text that is not a single word, wherever it occurs', () => {
    const isFindable = (one: string) => [...one.trim()].length >= 3 && !/^[\p{L}\p{M}\p{N}_]+$/u.test(one.trim());
    const text = fc.string({ minLength: 3, unit: 'grapheme' }).filter(isFindable);
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), fc.string(), fc.string(), (texts, before, after) => {
        const found = masked(texts, before + texts.join(' ') + after);
        for (const one of texts) if (!'[masked]'.includes(one.trim())) expect(withoutMasks(found)).not.toContain(one.trim());
      }),
      { seed: 10, numRuns: 500 },
    );
  });
});

const withoutMasks = (text: string): string => text.replaceAll('[masked]', '\u0000');

describe('withTextMask', () => {
  const mask = TextMask.of(['frank@example.com']);
  const text = 'frank@example.com password=canary';

  it('masks what is redacted inside it, and nothing after it, even if the work throws', () => {
    expect(withTextMask(mask, () => redactText(text))).toBe('[masked] password=[redacted]');
    expect(withTextMask(mask, () => redactValue({ list: [text] }))).toEqual({ list: ['[masked] password=[redacted]'] });
    expect(() =>
      withTextMask(mask, () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(redactText(text)).toBe('frank@example.com password=[redacted]');
  });

  it('keeps the surrounding mask if it gets none', () => {
    expect(withTextMask(mask, () => withTextMask(undefined, () => redactText(text)))).toContain('[masked]');
  });
});
