/** Splits a comma-separated list, such as the value of a setting, and trims its items. An empty text is a list with one empty item. */
export const splitList = (text: string): string[] => text.split(',').map((item) => item.trim());
