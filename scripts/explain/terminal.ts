import { styleText } from 'node:util';

export interface Terminal {
  readonly color: boolean;
  /** Undefined: lines are not wrapped. */
  readonly columns?: number | undefined;
}

/** The output style for a stream: a terminal gets color and wrapping, a pipe or a file gets plain unwrapped lines. */
export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  environment: NodeJS.ProcessEnv = process.env,
): Terminal {
  return { color: stream.isTTY === true && !environment['NO_COLOR'], columns: stream.isTTY ? stream.columns : undefined };
}

export const PLAIN: Terminal = { color: false };

export type Style = 'bold' | 'gray' | 'cyan' | 'magenta' | 'red' | 'green' | 'yellow';

export const painter =
  ({ color }: Terminal) =>
  (style: Style, text: string): string =>
    color && text ? styleText(style, text, { validateStream: false }) : text;

/** Replaces control characters, which could move the cursor or recolor the terminal. Clients choose some of these texts. */
export const printable = (text: unknown): string => String(text).replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ');

/** Wraps at word boundaries. A word that is longer than `width` stays whole, so that a user can copy it. */
export const wrap = (text: string, width: number | undefined): string[] => fill(text.split(' '), ' ', width);

/** Fills lines with details. A detail that fits into one line is not split. */
export const wrapDetails = (details: readonly string[], width = Infinity): string[] =>
  fill(
    details.flatMap((detail) => (detail.length > width ? wrap(detail, width) : [detail])),
    '  ',
    width,
  );

function fill(parts: readonly string[], gap: string, width = Infinity): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + gap.length + part.length <= width) lines[lines.length - 1] = line + gap + part;
    else lines.push(part);
  }
  return lines;
}
