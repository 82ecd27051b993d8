const SCHEME_SIGN = '://';
const WEB_SCHEME = /(?:^|[^a-z])(?:https?|wss?|file)$/i;
const PORT = /^\d{0,5}$/;
const EXAMPLE_CREDENTIALS = /^user:password@host\b/; // usage hints contain this example
const TOKEN_LIKE = /^(?=.*\d)[\w.%-]{20,}$/; // a user name that matches is a token

/** A range of a text: `start` is included, `end` is excluded. */
export type Span = readonly [start: number, end: number];

/** Finds passwords in URLs. A password can contain any character, also `/`, `?`, `#`, `@` and `:`. User name and host stay. */
export class UrlPasswords {
  /** The end of the last scanned stretch without spaces. With it, a text that contains many `://` is scanned only once. */
  private stretchEnd = -1;
  private lastAtSign = -1;
  private readonly hasAtSign: boolean;

  constructor(private readonly text: string) {
    this.hasAtSign = text.includes('@');
  }

  /** True for `file:///…`, the form of most URLs in a stack trace. */
  private hasNoUser(start: number): boolean {
    return this.text.charCodeAt(start) === 47;
  }

  /** @param sign the position of `://` */
  find(sign: number): Span | undefined {
    const { text } = this;
    const start = sign + SCHEME_SIGN.length;
    if (!this.hasAtSign && this.hasNoUser(start)) return undefined;
    this.scanStretch(start);
    const strictEnd = this.authorityEnd(start);
    const isWeb = WEB_SCHEME.test(text.slice(Math.max(sign - 8, 0), sign));
    const colon = text.indexOf(':', start);
    const hasColon = colon >= 0 && colon < strictEnd && text[start] !== '[';
    const at = this.findSeparator(start, strictEnd, isWeb, hasColon ? colon : -1);
    if (at < 0) {
      // A truncated text can end inside the password.
      const isCut =
        !isWeb &&
        hasColon &&
        this.stretchEnd === text.length &&
        !PORT.test(text.slice(colon + 1, Math.min(strictEnd, colon + 8)));
      return isCut ? [colon + 1, text.length] : undefined;
    }
    if (!hasColon || colon > at) {
      return isWeb && at - start < 512 && TOKEN_LIKE.test(text.slice(start, at)) ? [start, at] : undefined;
    }
    if (EXAMPLE_CREDENTIALS.test(text.slice(start, start + 24))) return undefined;
    const opaqueName = isWeb && colon - start < 512 && TOKEN_LIKE.test(text.slice(start, colon));
    return [opaqueName ? start : colon + 1, at];
  }

  /** @returns the position of the `@` that precedes the host; -1 for none. */
  private findSeparator(start: number, strictEnd: number, isWeb: boolean, colon: number): number {
    const { text } = this;
    const inAuthority = this.lastAtSignBetween(start, strictEnd);
    if (isWeb && inAuthority >= 0 && looksLikeHost(text.slice(inAuthority + 1, Math.min(strictEnd, inAuthority + 256)))) {
      return inAuthority;
    }
    if (this.lastAtSign < start || colon < 0 || (inAuthority >= 0 && colon > inAuthority)) return inAuthority;
    if (isWeb && inAuthority < 0 && PORT.test(text.slice(colon + 1, Math.min(strictEnd, colon + 8)))) return -1;
    const next = text.indexOf(SCHEME_SIGN, start);
    const before = next < 0 || next > this.lastAtSign ? -1 : this.lastAtSignBetween(start, next);
    return before < 0 ? this.lastAtSign : before;
  }

  private lastAtSignBetween(start: number, end: number): number {
    for (let at = end - 1; at >= start; at--) if (this.text[at] === '@') return at;
    return -1;
  }

  private authorityEnd(start: number): number {
    for (let end = start; end < this.stretchEnd; end++) {
      const code = this.text.charCodeAt(end);
      if (code === 47 || code === 63 || code === 35) return end; // / ? #
    }
    return this.stretchEnd;
  }

  private scanStretch(start: number): void {
    const { text } = this;
    if (start < this.stretchEnd) return;
    this.lastAtSign = -1;
    let end = start;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === 64) this.lastAtSign = end;
      else if (code === 39) {
        if (!/[^\s,;:)\]}]/.test(text[end + 1] ?? '')) break; // a closing quote
      } else if (isUrlEnd(code)) break;
    }
    this.stretchEnd = end;
  }
}

/** Matches white space, `"`, a backtick, `<` and `>`. */
const isUrlEnd = (code: number): boolean =>
  code <= 32 || code === 34 || code === 96 || code === 60 || code === 62 || code === 160 || code === 0x2028 || code === 0x2029;

const looksLikeHost = (host: string): boolean => /^(?:localhost|\[[\da-f:.]+\]|[\w-]+(?:\.[\w-]+)+)(?::\d{1,5})?$/i.test(host);
