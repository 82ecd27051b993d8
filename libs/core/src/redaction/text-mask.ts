export const MASKED = '[masked]';

const MIN_CHARACTERS = 3;
const MAX_TEXTS = 10_000; // each is searched for in each text
const WORD = /^[\p{L}\p{M}\p{N}_]+$/u;
/** Scripts that write words without spaces between them, or with endings: a name is then no whole word, and two characters are a name. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD_START = '(?<![\\p{L}\\p{M}\\p{N}_]|[\\p{L}\\p{M}\\p{N}_][.-])';
const WORD_END = '(?![\\p{L}\\p{M}\\p{N}_]|[.-][\\p{L}\\p{M}\\p{N}_])';

interface Form {
  readonly lowerCase: string;
  readonly pattern: string;
}

/**
 * Replaces known texts with `[masked]` wherever they occur in other texts: an email address in the message of an error, or in a
 * log line. Ignores case. Finds a text also as JSON and URLs escape it.
 *
 * A text of fewer than three characters is not masked, because it would occur by chance. A text that is one word is masked only
 * where it is a whole word: the name `Mark` is not masked in `remarkable` or in `mark.created`. Texts of scripts without spaces
 * between words, such as Chinese, are masked everywhere, from two characters.
 */
export class TextMask {
  /** @param forms undefined if there are too many texts: every text is then masked as a whole. */
  private constructor(private readonly forms: readonly Form[] | undefined) {}

  /** Returns undefined if there is no text to mask. */
  static of(texts: Iterable<string>): TextMask | undefined {
    const long = new Set([...texts].map((text) => text.trim()).filter((text) => isFindable(text)));
    if (long.size > MAX_TEXTS) return new TextMask(undefined);
    const longestFirst = [...new Set([...long].flatMap(formsOf))].sort((a, b) => b.length - a.length);
    if (!longestFirst.length) return undefined;
    return new TextMask(longestFirst.map((form) => ({ lowerCase: form.toLowerCase(), pattern: patternOf(form) })));
  }

  apply(text: string): string {
    if (!this.forms) return MASKED;
    const lowerCase = text.toLowerCase();
    const found = this.forms.filter((form) => lowerCase.includes(form.lowerCase));
    if (!found.length) return text;
    return text.replace(new RegExp(found.map(({ pattern }) => pattern).join('|'), 'giu'), MASKED);
  }
}

const isFindable = (text: string): boolean =>
  (text.length >= 2 * MIN_CHARACTERS || [...text].length >= (UNSPACED.test(text) ? 2 : MIN_CHARACTERS)) &&
  !MASKED.includes(text.toLowerCase());

/** A text as it is, as JSON writes it, and as the path and the query of a URL write it. */
const formsOf = (text: string): string[] => [
  text,
  JSON.stringify(text).slice(1, -1),
  encodeURIComponent(text.toWellFormed()),
  new URLSearchParams([['', text]]).toString().slice(1),
];

function patternOf(text: string): string {
  const escaped = text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return WORD.test(text) && !UNSPACED.test(text) ? WORD_START + escaped + WORD_END : escaped;
}

let active: TextMask | undefined;

/** Runs synchronous `work`, in which redactText, and everything that uses it, also applies the mask. */
export function withTextMask<T>(mask: TextMask | undefined, work: () => T): T {
  const outer = active;
  active = mask ?? outer;
  try {
    return work();
  } finally {
    active = outer;
  }
}

/** Applies the mask of the surrounding `withTextMask`, if there is one. */
export const maskText = (text: string): string => (active ? active.apply(text) : text);
