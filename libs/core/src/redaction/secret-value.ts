const SPACE = /\s/;
const QUOTES = '"\'`';
const CLOSERS = ')]}>';
const MAX_LOOKAHEAD = 64; // UTF-16 units

export const isSpace = (char: string | undefined): boolean => char !== undefined && SPACE.test(char);

/** Returns the position after spaces and tabs. */
export function skipSpaces(text: string, at: number): number {
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
}

/** Returns the quote at a position with the backslashes before it, as in JSON inside JSON. Empty if there is no quote. */
export function quoteAt(text: string, at: number): string {
  let end = at;
  while (text[end] === '\\' && end - at < 16) end++;
  const char = text[end];
  return char !== undefined && QUOTES.includes(char) ? text.slice(at, end + 1) : '';
}

/** Returns the position of the closing quote. A truncated text can lack it: then the end of the text. */
export function quotedEnd(text: string, at: number, quote: string): number {
  const char = quote.at(-1)!;
  if (quote.length === 1) {
    for (let end = at; end < text.length; end++) {
      if (text[end] === '\\') end++;
      else if (text[end] === char) {
        if (char !== "'" || text[end + 1] !== char) return end;
        end++; // SQL escapes a quote by doubling it
      }
    }
    return text.length;
  }
  // A quote inside the value has more backslashes than the quote that opened it.
  for (let end = text.indexOf(char, at); end >= 0; end = text.indexOf(char, end + 1)) {
    let slashes = 0;
    while (slashes < quote.length && end - slashes > at && text[end - slashes - 1] === '\\') slashes++;
    if (slashes < quote.length) return end - slashes;
  }
  return text.length;
}

/** Returns the end of a list or an object. If it is not closed: the end of the text. */
export function bracketEnd(text: string, at: number): number {
  let depth = 0;
  for (let end = at; end < text.length; end++) {
    const char = text[end]!;
    if (char === '[' || char === '{') depth++;
    else if ((char === ']' || char === '}') && --depth === 0) return end + 1;
  }
  return text.length;
}

/**
 * Returns the end of an unquoted value. Passwords can contain separators and brackets. So such a character ends the value only
 * if the text after it cannot belong to the value.
 */
export function plainEnd(text: string, at: number): number {
  for (let end = at; end < text.length; end++) {
    const char = text[end]!;
    if (isSpace(char)) return end;
    if (char === '\\' && quoteAt(text, end) !== '') return end;
    if (char === '<' && text[end + 1] === '/') return end;
    if (char === '%' && text[end + 1] === '2' && text[end + 2] === '6') return end; // an encoded &
    if (char === ',' || char === ';' || char === '&') {
      if (beginsPair(text, end + 1)) return end;
    } else if ((QUOTES.includes(char) || CLOSERS.includes(char)) && !isWordChar(text.charCodeAt(end + 1))) return end;
  }
  return text.length;
}

/** True if the text after a separator ends, starts with a space, a quote or a bracket, or is a name with its sign. */
function beginsPair(text: string, at: number): boolean {
  const next = text[at];
  if (next === undefined || isSpace(next) || QUOTES.includes(next) || CLOSERS.includes(next) || next === '\\') return true;
  for (let end = at; end < text.length && end - at < MAX_LOOKAHEAD; end++) {
    const char = text[end]!;
    if (char === '=' || char === ':') return end > at;
    if (!isKeyChar(text.charCodeAt(end))) return false;
  }
  return false;
}

export const isWordChar = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95;

/** Matches the characters of a name: letters, digits, `_ - . $ % [ ]`. */
export const isKeyChar = (code: number): boolean =>
  isWordChar(code) || code === 45 || code === 46 || code === 36 || code === 37 || code === 91 || code === 93;
