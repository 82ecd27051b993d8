const SCHEME_SIGN = '://';
const WEB = /(?:^|[^a-z])(?:https?|wss?|file)$/i;
const PORT = /^\d{0,5}$/;
const EXAMPLE = /^user:password@host\b/; // what a hint shows is no secret
const OPAQUE = /^(?=.*\d)[\w.%-]{20,}$/; // a user name of this kind is a token

/** A part of a text from `start` up to, and without, `end`. */
export type Span = readonly [start: number, end: number];

/** Finds the password of a URL. It may hold any character, `/`, `?`, `#`, `@` and `:` included; the name and the host stay. */
export class UrlPasswords {
  /** Of the stretch without spaces that was looked at last, so that a text of many `://` is read once. */
  private stretchEnd = -1;
  private lastAt = -1;
  private readonly hasAt: boolean;

  constructor(private readonly text: string) {
    this.hasAt = text.includes('@');
  }

  /** `file:///…`: most URLs of a stack. */
  private noUser(start: number): boolean {
    return this.text.charCodeAt(start) === 47;
  }

  /** @param sign the place of `://` */
  find(sign: number): Span | undefined {
    const { text } = this;
    const start = sign + SCHEME_SIGN.length;
    if (!this.hasAt && this.noUser(start)) return undefined;
    this.look(start);
    const strictEnd = this.authorityEnd(start);
    const isWeb = WEB.test(text.slice(Math.max(sign - 8, 0), sign));
    const colon = text.indexOf(':', start);
    const hasColon = colon >= 0 && colon < strictEnd && text[start] !== '[';
    const at = this.separator(start, strictEnd, isWeb, hasColon ? colon : -1);
    if (at < 0) {
      // A text that was cut may lack the rest of the URL.
      const isCut =
        !isWeb &&
        hasColon &&
        this.stretchEnd === text.length &&
        !PORT.test(text.slice(colon + 1, Math.min(strictEnd, colon + 8)));
      return isCut ? [colon + 1, text.length] : undefined;
    }
    if (!hasColon || colon > at) {
      return isWeb && at - start < 512 && OPAQUE.test(text.slice(start, at)) ? [start, at] : undefined;
    }
    if (EXAMPLE.test(text.slice(start, start + 24))) return undefined;
    const opaqueName = isWeb && colon - start < 512 && OPAQUE.test(text.slice(start, colon));
    return [opaqueName ? start : colon + 1, at];
  }

  /** The `@` after which the host begins; -1 for none. */
  private separator(start: number, strictEnd: number, isWeb: boolean, colon: number): number {
    const { text } = this;
    const inAuthority = this.lastBetween(start, strictEnd);
    if (isWeb && inAuthority >= 0 && looksLikeHost(text.slice(inAuthority + 1, Math.min(strictEnd, inAuthority + 256)))) {
      return inAuthority;
    }
    if (this.lastAt < start || colon < 0 || (inAuthority >= 0 && colon > inAuthority)) return inAuthority;
    if (isWeb && inAuthority < 0 && PORT.test(text.slice(colon + 1, Math.min(strictEnd, colon + 8)))) return -1;
    const next = text.indexOf(SCHEME_SIGN, start);
    const before = next < 0 || next > this.lastAt ? -1 : this.lastBetween(start, next);
    return before < 0 ? this.lastAt : before;
  }

  private lastBetween(start: number, end: number): number {
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

  private look(start: number): void {
    const { text } = this;
    if (start < this.stretchEnd) return;
    this.lastAt = -1;
    let end = start;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === 64) this.lastAt = end;
      else if (code === 39) {
        if (!/[^\s,;:)\]}]/.test(text[end + 1] ?? '')) break; // a closing quote
      } else if (isUrlEnd(code)) break;
    }
    this.stretchEnd = end;
  }
}

/** White space and `"`, a backtick, `<` and `>`. */
const isUrlEnd = (code: number): boolean =>
  code <= 32 || code === 34 || code === 96 || code === 60 || code === 62 || code === 160 || code === 0x2028 || code === 0x2029;

const looksLikeHost = (host: string): boolean => /^(?:localhost|\[[\da-f:.]+\]|[\w-]+(?:\.[\w-]+)+)(?::\d{1,5})?$/i.test(host);
