import { isBearerToken, isTokenChar, isUserAndPassword } from './authorization.js';
import { NamedSecrets } from './named-secrets.js';
import { RedactionOutput } from './redaction-output.js';
import { isWordChar, skipSpaces } from './secret-value.js';
import { maskText } from './text-mask.js';
import { UrlPasswords } from './url-password.js';

/** Matches the signs that can precede a secret. Most texts without a secret match none of them. */
const SUSPICIOUS =
  /[:=]|eyJ|%3[Dd]|[Bb](?:earer|EARER|asic|ASIC)\s|-----BEGIN|--[a-z]|[sr]k_(?:live|test)_|whsec_|gh[opsru]_|github_pat_|xox[a-z]-|glpat-|AIza/;
const SIGNS = new RegExp(SUSPICIOUS.source, 'g');

/**
 * Replaces the secrets in a text with `[redacted]`: passwords in URLs, values of secret names (`password=…`, `?token=…`,
 * `"api_key":"…"`, `Cookie: …`), credentials in Authorization, JSON Web Tokens, private keys, and tokens of known providers.
 *
 * Use it for each text that can come from another party, before the text is truncated, stored or shown. The function is
 * idempotent. Cost: linear in the length of the text. Inside `withTextMask` it also applies the mask.
 */
export const redactText = (text: string): string => maskText(SUSPICIOUS.test(text) ? new TextRedactor(text).redact() : text);

/** Searches a text for the signs that can precede a secret. */
class TextRedactor {
  private readonly output: RedactionOutput;
  private readonly named: NamedSecrets;
  private urls: UrlPasswords | undefined;

  constructor(private readonly text: string) {
    this.output = new RedactionOutput(text);
    this.named = new NamedSecrets(text, this.output);
  }

  redact(): string {
    const { text } = this;
    for (let from = 0; ;) {
      SIGNS.lastIndex = from;
      if (!SIGNS.test(text)) break;
      const last = SIGNS.lastIndex - 1;
      const code = text.charCodeAt(last);
      if (code === 58 || code === 61) {
        from = Math.max(this.redactAt(code === 58 ? ':' : '=', last), last + 1); // frequent signs: avoids the array of exec()
        continue;
      }
      SIGNS.lastIndex = from;
      const { 0: sign, index } = SIGNS.exec(text)!;
      from = Math.max(this.redactAt(sign, index), index + 1);
    }
    return this.output.finish();
  }

  /** @returns the position at which the search continues; 0 for the next character. */
  private redactAt(sign: string, at: number): number {
    const { text } = this;
    switch (sign[0]) {
      case ':':
        if (text.startsWith('://', at)) {
          const span = (this.urls ??= new UrlPasswords(text)).find(at);
          if (span) return this.output.hide(span[0], span[1]);
          return at + 3;
        }
        return this.named.redactValue(at, at + 1);
      case '=':
        return this.named.redactValue(at, at + 1);
      case '%':
        return this.named.redactValue(at, at + 3);
      case 'b':
      case 'B':
        return this.redactCredentials(sign, at);
      case '-':
        return sign === '-----BEGIN' ? this.redactPrivateKey(at) : this.named.redactOption(at);
      default:
        return this.redactToken(sign, at);
    }
  }

  /** Redacts the credentials after `Bearer` and `Basic` anywhere in the text. Prose, such as `Bearer token`, stays. */
  private redactCredentials(sign: string, at: number): number {
    const { text } = this;
    if (isWordChar(text.charCodeAt(at - 1))) return 0;
    const start = skipSpaces(text, at + sign.length);
    let end = start;
    while (isTokenChar(text.charCodeAt(end))) end++;
    let core = end;
    while (core > start && text[core - 1] === '.') core--;
    if (core === start) return 0;
    const value = text.slice(start, Math.min(core, start + 512));
    const isSecret = /^basic/i.test(sign) ? isUserAndPassword(value) : isBearerToken(value, sign[0] === 'B');
    return isSecret ? this.output.hide(start, core) : core;
  }

  private redactPrivateKey(at: number): number {
    const { text } = this;
    const label = text.slice(at, at + 64);
    if (!/^-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(label)) return at + 10;
    const last = text.indexOf('-----END', at);
    if (last < 0) return this.output.hide(at, text.length);
    const close = text.indexOf('-----', last + 8);
    return this.output.hide(at, close < 0 ? text.length : close + 5);
  }

  private redactToken(sign: string, at: number): number {
    const { text } = this;
    if (isWordChar(text.charCodeAt(at - 1)) && sign !== 'eyJ') return 0;
    let end = at;
    let dots = 0;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (sign === 'eyJ' && code === 46) dots++;
      else if (!isWordChar(code) && code !== 45) break;
    }
    let core = end;
    while (text[core - 1] === '.') {
      core--;
      dots--;
    }
    if (sign !== 'eyJ') return core - at - sign.length >= 16 ? this.output.hide(at, core) : core;
    const isToken = core - at >= 20 && (dots >= 1 || (end === text.length && core - at >= 36));
    return isToken && !isWordChar(text.charCodeAt(at - 1)) ? this.output.hide(at, core) : core;
  }
}
