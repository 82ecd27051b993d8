import { MANY_WORDS_SCHEME, ONE_WORD_SCHEME } from './authorization.js';
import type { RedactionOutput } from './redaction-output.js';
import { isSecretName } from './secret-key.js';
import { bracketEnd, isKeyChar, isSpace, isWordChar, plainEnd, quoteAt, quotedEnd, skipSpaces } from './secret-value.js';

const MAX_NAME_LENGTH = 128; // UTF-16 units
const MAX_PAIR_DISTANCE = 256; // UTF-16 units between the name and the value of a pair

const AUTHORIZATION = /authori[sz]ation$/i;
const COOKIE = /cookie2?$/i;
const STRONG_SECRET_NAME = /passw|pwd|passphrase|secret|api.?key|private.?key|otp/i;
const PAIR_NAME = /^(?:name|key|header)$/i;
const PAIR_VALUE = /^values?$/i;
/** Matches the part of an ARN that precedes the name of a secret. */
const SECRET_ARN_PREFIX = /:(?:\d{12}|\*):secret$/;
/** Matches the hexadecimal digits of an encoded `#`, `&`, `/`, `;`, `=` or `?`, without the percent sign. */
const ENCODED_SEPARATOR = /^(?:2[36f]|3[bdf])/i;
/** Matches words of prose that follow a colon, as in `token: expired`. */
const PROSE_WORD =
  /^(?:a|all|already|an|and|are|as|at|be|been|but|by|can|cannot|contains|could|did|does|each|empty|exceeds|expected|expired|failed|false|field|for|from|given|has|have|if|in|incorrect|invalid|is|it|its|malformed|may|mismatch|missing|must|neither|never|no|none|not|null|of|on|only|or|property|rejected|refused|required|should|string|boolean|number|object|that|the|this|to|too|true|undefined|unexpected|unknown|unset|use|value|values|wants|was|were|what|when|which|will|with|wrong|you|your)$/i;
const WEB_SCHEME = /(?:https?|wss?):\/\/$/i;
const PORT = /^:\d{1,5}(?:[/?#\s"'`)\]},;.]|$)/;
const EMPTY_VALUE = /^(?:null|undefined|true|false|none|nil|nan)$/i;

/**
 * Redacts the values of secret names: `password=…`, `"api_key":"…"`, `Cookie: …`, `--token …`. Each method returns the position
 * at which the search continues; 0 for the next character.
 */
export class NamedSecrets {
  /** The last position at which a value can belong to the secret name of a pair: `{"name":"Authorization","value":"…"}`. */
  private pairUntil = -1;

  constructor(
    private readonly text: string,
    private readonly output: RedactionOutput,
  ) {}

  /** Redacts the value of a `name=value` or `name: value` pair. @param sign the position of `=`, `:` or `%3D` */
  redactValue(sign: number, after: number): number {
    const { text } = this;
    const name = this.nameBefore(sign);
    if (name === '' || (name === 'secret' && SECRET_ARN_PREFIX.test(text.slice(Math.max(sign - 64, 0), sign)))) return 0;
    const isPairValue = sign <= this.pairUntil && PAIR_VALUE.test(name);
    if (!isPairValue && !isSecretName(decoded(name))) {
      if (PAIR_NAME.test(name)) this.startPair(after);
      return 0;
    }
    if (this.isHost(name, sign)) return 0;
    while (text[sign] === '=' && (text[after] === '=' || text[after] === '>')) after++; // ==, === and =>
    const start = skipSpaces(text, after);
    const placeholderEnd = this.output.placeholderEnd(start);
    if (placeholderEnd > start) return placeholderEnd;
    const quote = quoteAt(text, start);
    if (quote !== '') {
      const inside = start + quote.length;
      return this.output.hide(inside, quotedEnd(text, inside, quote));
    }
    if (text[after - 1] === '>') return 0; // an arrow function
    const first = text[start];
    if (first === undefined || first === '\n' || first === '\r') return 0;
    if ((first === '[' || first === '{') && /[\w"'`\\\s[{]/.test(text[start + 1] ?? '')) {
      return this.output.hide(start, plainEnd(text, bracketEnd(text, start)));
    }
    const end = plainEnd(text, start);
    if (isPairValue) return this.output.hide(start, end);
    if (AUTHORIZATION.test(name)) return this.redactAuthorization(start, end);
    if (COOKIE.test(name)) return this.hideCookies(start, end);
    return this.isProse(name, text[sign]!, after, start, end) ? end : this.output.hide(start, end);
  }

  /** Redacts the value of a command-line option, such as `--password hunter2`. */
  redactOption(at: number): number {
    const { text } = this;
    let end = at + 2;
    while (end - at < MAX_NAME_LENGTH && isKeyChar(text.charCodeAt(end))) end++;
    if (text[end] !== ' ' || !isSecretName(text.slice(at + 2, end))) return 0;
    const start = skipSpaces(text, end);
    const quote = quoteAt(text, start);
    if (quote !== '') return this.output.hide(start + quote.length, quotedEnd(text, start + quote.length, quote));
    const valueEnd = plainEnd(text, start);
    return /^(?:[a-z]+[.,;:)]*|[-(<[|].*)$/.test(text.slice(start, Math.min(valueEnd, start + 40)))
      ? 0
      : this.output.hide(start, valueEnd);
  }

  /** True for text that follows a secret name but is not its value: `token: expired`, `session-token.ts:12`, `auth:3000`. */
  private isProse(name: string, sign: string, after: number, start: number, end: number): boolean {
    const { text } = this;
    if (end - start > 40) return false;
    const value = text.slice(start, end).replace(/[.,;:!?)\]}>]+$/, '');
    if (value === '' || EMPTY_VALUE.test(value)) return true;
    if (sign !== ':') return false;
    if (PROSE_WORD.test(value)) return true;
    if (STRONG_SECRET_NAME.test(name)) return false;
    if (start === after) return /^\d{1,5}$/.test(value) || value.startsWith(':');
    return /^[A-Za-z][a-z]*$/.test(value) && /^ [A-Za-z][a-z]*(?![\w:=])/.test(text.slice(end, end + 40));
  }

  /** True for the host name of a URL with a port, such as `http://auth:8080/…`. */
  private isHost(name: string, sign: number): boolean {
    const { text } = this;
    const start = sign - name.length;
    return WEB_SCHEME.test(text.slice(Math.max(start - 8, 0), start)) && PORT.test(text.slice(sign, sign + 7));
  }

  private nameBefore(sign: number): string {
    const { text } = this;
    let end = sign;
    while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t') && sign - end < 3) end--;
    const char = text[end - 1];
    if (char === '"' || char === "'" || char === '`') {
      end--;
      while (text[end - 1] === '\\' && sign - end < 16) end--;
    }
    let start = end;
    let hasLetter = false;
    while (start > this.output.copiedUntil && end - start < MAX_NAME_LENGTH) {
      const code = text.charCodeAt(start - 1);
      if (!isKeyChar(code)) break;
      if (code === 37 && ENCODED_SEPARATOR.test(text.slice(start, start + 2))) {
        start += 2;
        break;
      }
      hasLetter ||= code > 57 || code === 37; // % can encode a letter
      start--;
    }
    if (!hasLetter) return '';
    return text.slice(start, end);
  }

  /** Notes a secret name of a pair, such as `"name":"Authorization"`. The next `value` belongs to it. */
  private startPair(after: number): void {
    const { text } = this;
    const start = skipSpaces(text, after);
    const quote = quoteAt(text, start);
    const inside = start + quote.length;
    let end = inside;
    while (end - inside < MAX_NAME_LENGTH && isKeyChar(text.charCodeAt(end))) end++;
    if (end > inside && isSecretName(text.slice(inside, end))) this.pairUntil = end + MAX_PAIR_DISTANCE;
  }

  private redactAuthorization(start: number, firstEnd: number): number {
    const { text } = this;
    const first = text.slice(start, Math.min(firstEnd, start + 40));
    if (MANY_WORDS_SCHEME.test(first)) return this.output.hide(start, lineEnd(text, start));
    if (!ONE_WORD_SCHEME.test(first))
      return PROSE_WORD.test(first.replace(/[.,;:]+$/, '')) ? firstEnd : this.output.hide(start, firstEnd);
    const credentials = skipSpaces(text, firstEnd);
    const isMissing = credentials >= text.length || isSpace(text[credentials]) || credentials === firstEnd;
    if (isMissing || this.output.isPlaceholder(credentials, plainEnd(text, credentials))) return firstEnd;
    return this.output.hide(credentials, plainEnd(text, credentials));
  }

  /** Redacts a list of cookies with attributes, such as `a=b; c=d; Path=/`. */
  private hideCookies(start: number, firstEnd: number): number {
    const { text } = this;
    let end = firstEnd;
    while (text[end] === ';' || text[end - 1] === ';') {
      const next = skipSpaces(text, text[end] === ';' ? end + 1 : end);
      if (next >= text.length || !isWordChar(text.charCodeAt(next))) break;
      end = plainEnd(text, next);
    }
    if (!text.slice(start, Math.min(end, start + 64)).includes('=') && PROSE_WORD.test(text.slice(start, end).slice(0, 40)))
      return end;
    return this.output.hide(start, end);
  }
}

function decoded(name: string): string {
  if (!name.includes('%')) return name;
  return name.replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function lineEnd(text: string, at: number): number {
  for (let end = at; end < text.length; end++) if (text[end] === '\n' || text[end] === '\r') return end;
  return text.length;
}
