import { styleText } from 'node:util';

/** The output style for a stream: a terminal gets colour and wrapping, a pipe or a file gets plain unwrapped lines. */
export function terminalOf(stream, environment = process.env) {
  return { colour: stream.isTTY === true && !environment.NO_COLOR, columns: stream.isTTY ? stream.columns : undefined };
}

export const PLAIN = { colour: false, columns: undefined };

export const painter =
  ({ colour }) =>
  (style, text) =>
    colour && text ? styleText(style, text, { validateStream: false }) : text;

/** Replaces control characters, which could move the cursor or recolour the terminal. Clients choose some of these texts. */
export const printable = (text) => String(text).replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ');

/** Wraps at word boundaries. A word that is longer than `width` stays whole, so that a user can copy it. */
export const wrap = (text, width) => fill(text.split(' '), ' ', width);

/** Fills lines with details. A detail that fits into one line is not split. */
export const wrapDetails = (details, width = Infinity) =>
  fill(
    details.flatMap((detail) => (detail.length > width ? wrap(detail, width) : [detail])),
    '  ',
    width,
  );

function fill(parts, gap, width = Infinity) {
  const lines = [];
  for (const part of parts) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + gap.length + part.length <= width) lines[lines.length - 1] = line + gap + part;
    else lines.push(part);
  }
  return lines;
}
