const MAX_COUNT = 10_000; // the api stops counting there

/** A count that stops at 10,001: `10,000+`. */
export const cappedText = (count: number): string =>
  count > MAX_COUNT ? `${MAX_COUNT.toLocaleString()}+` : count.toLocaleString();

/** A number of items, such as `1 event` or, if there may be more, `10,000+ events`. */
export const countText = (count: number, noun: string, isCapped = false): string =>
  `${count.toLocaleString()}${isCapped ? '+' : ''} ${noun}${count === 1 && !isCapped ? '' : 's'}`;
