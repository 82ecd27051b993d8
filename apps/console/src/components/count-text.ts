/** A number of items, such as `1 event` or, if there may be more, `10,000+ events`. */
export const countText = (count: number, noun: string, isCapped = false): string =>
  `${count.toLocaleString()}${isCapped ? '+' : ''} ${noun}${count === 1 && !isCapped ? '' : 's'}`;
