/** One change of a thing, as a record tells it. */
export interface RecordedChange {
  readonly old: unknown;
  readonly new: unknown;
}

/** Where a chain of changes from `first` to `last` is broken: what is old of each must be what was new of the one before. */
export function chainBreaks(links: readonly RecordedChange[], first: unknown, last: unknown): string[] {
  const all = [{ old: undefined, new: first }, ...links, { old: last, new: undefined }];
  return all.slice(1).flatMap((link, index) => {
    const before = all[index]!.new;
    return link.old === before ? [] : [`change ${index + 1}: old is ${String(link.old)}, it was ${String(before)}`];
  });
}
