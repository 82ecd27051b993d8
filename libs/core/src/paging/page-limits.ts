/** The maximum size of the items of one page, as JSON. A page that reaches it ends early. Its first item is always whole. */
export const MAX_PAGE_BYTES = 1024 * 1024;

/** The maximum size of a payload, a diff or a result in a list, as JSON. A larger one is left out, see `Shortened`. */
export const MAX_LISTED_BYTES = 16 * 1024;

/** Marks an item of a list whose largest field was left out. That field is null. Reading the item by its id returns it whole. */
export interface Shortened {
  /** The size of the field that was left out, as JSON. */
  readonly bytes: number;
}
