const SPACE = /\s/;
const QUOTES = '"\'`';
const CLOSERS = ')]}>';
const LOOK_AHEAD = 64; // UTF-16 units

export const isSpace = (char: string | undefined): boolean => char !== undefined && SPACE.test(char);

/** The place after spaces and tabs. */
export function skipSpaces(text: string, at: number): number {
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
}

/** How a value is quoted: the quote with the backslashes before it, as in JSON inside of JSON. Empty for none. */
export function quoteAt(text: string, at: number): string {
  let end = at;
  while (text[end] === '\\' && end - at < 16) end++;
  const char = text[end];
  return char !== undefined && QUOTES.includes(char) ? text.slice(at, end + 1) : '';
}

/** The place of the closing quote, or the end of the text: a text that was cut may lack it. */
export function quotedEnd(text: string, at: number, quote: string): number {
  const char = quote.at(-1)!;
  if (quote.length === 1) {
    for (let end = at; end < text.length; end++) {
      if (text[end] === '\\') end++;
      else if (text[end] === char) {
        if (char !== "'" || text[end + 1] !== char) return end;
        end++; // SQL doubles it
      }
    }
    return text.length;
  }
  // Inside, a quote has more backslashes than the one that opened the value.
  for (let end = text.indexOf(char, at); end >= 0; end = text.indexOf(char, end + 1)) {
    let slashes = 0;
    while (slashes < quote.length && end - slashes > at && text[end - slashes - 1] === '\\') slashes++;
    if (slashes < quote.length) return end - slashes;
  }
  return text.length;
}

/** The end of a list or an object, or of the text. */
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
 * The end of a value without quotes. A separator or a bracket ends it only if what follows is not more of the value: passwords
 * hold such characters.
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

/** After a separator: the end, a space, a quote, or a name with its sign. */
function beginsPair(text: string, at: number): boolean {
  const next = text[at];
  if (next === undefined || isSpace(next) || QUOTES.includes(next) || CLOSERS.includes(next) || next === '\\') return true;
  for (let end = at; end < text.length && end - at < LOOK_AHEAD; end++) {
    const char = text[end]!;
    if (char === '=' || char === ':') return end > at;
    if (!isKeyChar(text.charCodeAt(end))) return false;
  }
  return false;
}

export const isWordChar = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95;

/** Of a name: letters, digits, `_ - . $ % [ ]`. */
export const isKeyChar = (code: number): boolean =>
  isWordChar(code) || code === 45 || code === 46 || code === 36 || code === 37 || code === 91 || code === 93;
