import { styleText } from 'node:util';

/** How to write to a stream: colour and wrapping for a terminal, plain whole lines for a pipe or a file. */
export function terminalOf(stream, environment = process.env) {
  return { colour: stream.isTTY === true && !environment.NO_COLOR, columns: stream.isTTY ? stream.columns : undefined };
}

export const PLAIN = { colour: false, columns: undefined };

export const painter =
  ({ colour }) =>
  (style, text) =>
    colour && text ? styleText(style, text, { validateStream: false }) : text;

/** Without what could move the cursor or colour the rest of somebody's terminal: clients choose some of these texts. */
export const printable = (text) => String(text).replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ');

/** Breaks between words at `width`; what is longer than a line is left whole, so that it can be copied. */
export const wrap = (text, width) => fill(text.split(' '), ' ', width);

/** Fills lines with details, each kept together where it fits into one. */
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
