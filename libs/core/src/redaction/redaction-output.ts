import { REDACTED } from './secret-key.js';
import { plainEnd } from './secret-value.js';

/** Matches the mark of this redaction, and the placeholders that documentation and usage texts write instead of a value. */
const PLACEHOLDER = /\[(?:redacted|masked|object \w+)\]|\*{3,}|<[\w .-]{1,40}>|\$\{\w{1,64}\}|\$[A-Z_]{2,64}(?!\w)|…/y;

/** Copies a text and replaces its secrets. */
export class RedactionOutput {
  /** The end of the last secret. The text after it is not copied yet. */
  copiedUntil = 0;
  private copied = '';

  constructor(private readonly text: string) {}

  /** Redacts a range, unless it is a placeholder. @returns its end, where the search continues. */
  hide(start: number, end: number): number {
    if (this.isPlaceholder(start, end)) return Math.max(end, start);
    this.copied += this.text.slice(this.copiedUntil, start) + REDACTED;
    this.copiedUntil = end;
    return end;
  }

  /** @returns the end of the placeholder at `start`; `start` if the value is not exactly one placeholder. */
  placeholderEnd(start: number): number {
    PLACEHOLDER.lastIndex = start;
    if (!PLACEHOLDER.test(this.text)) return start;
    const { lastIndex } = PLACEHOLDER;
    const end = plainEnd(this.text, lastIndex);
    return end - lastIndex < 4 && /^[.,;:!?]*$/.test(this.text.slice(lastIndex, end)) ? lastIndex : start;
  }

  isPlaceholder(start: number, end: number): boolean {
    if (end <= start) return true;
    PLACEHOLDER.lastIndex = start;
    return PLACEHOLDER.test(this.text) && PLACEHOLDER.lastIndex >= end;
  }

  /** Returns the redacted text. */
  finish(): string {
    return this.copiedUntil === 0 ? this.text : this.copied + this.text.slice(this.copiedUntil);
  }
}
