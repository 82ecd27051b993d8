import { applyDecorators } from '@nestjs/common';
import { ConvertText } from './convert-text.js';
import { textProblem, TextRule } from './text-rules.js';

const BLANK = /[\p{White_Space}\u200b\u2060\ufeff]/u; // with the spaces of no width
const CONTROL = /[\p{Cc}\u2028\u2029]/u;
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/; // a name could be shown backwards and look like another one
// Without the joiners, which Arabic and Indic scripts, Mongolian and emoji need.
const INVISIBLE = /(?!\u200c|\u200d|\u180e)(?=\p{Cf})\p{Default_Ignorable_Code_Point}|[\ufff9-\ufffb]/u;
const VISIBLE = /(?![\p{Default_Ignorable_Code_Point}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u; // U+2800 is a Braille pattern without dots

/**
 * Trims a text that people read, and accepts it if it has a visible character. Use it for names, reasons and titles.
 *
 * It refuses control characters, line breaks, and format characters that are invisible or change the direction of a text: two names
 * could look the same. Joiners and variation selectors stay, because some scripts and emoji need them. Flags that consist of tag
 * characters are refused.
 *
 * Do not use it in an event class: it contains `@Transform`, but `publish()` stores its data unchanged. Use `IsText` there, and
 * trim the text with `trimText` before `publish()`.
 */
export const IsVisibleText = ({ max }: { readonly max: number }): PropertyDecorator =>
  applyDecorators(
    ConvertText(trimText),
    TextRule('isVisibleText', (value) => textProblem(value, { min: 1, max }) ?? visibilityProblem(value as string), [
      { min: 1, max },
    ]),
  );

/** Removes the white space of Unicode, and spaces of no width, from both ends. */
export function trimText(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && BLANK.test(text[start]!)) start++;
  while (start < end && BLANK.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}

function visibilityProblem(text: string): string | undefined {
  if (CONTROL.test(text)) return 'must not contain control characters or line breaks';
  if (DIRECTION.test(text)) return 'must not contain characters that change the direction of the text';
  if (INVISIBLE.test(text)) return 'must not contain invisible characters';
  return VISIBLE.test(text) ? undefined : 'must contain a visible character';
}
