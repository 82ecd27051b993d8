/** The old and the new value of one recorded change. */
export interface RecordedChange {
  readonly old: unknown;
  readonly new: unknown;
}

/** The gaps in a chain of changes from `first` to `last`: the old value of a change must be the new value of the previous one. */
export function chainBreaks(links: readonly RecordedChange[], first: unknown, last: unknown): string[] {
  const all = [{ old: undefined, new: first }, ...links, { old: last, new: undefined }];
  return all.slice(1).flatMap((link, index) => {
    const before = all[index]!.new;
    return link.old === before ? [] : [`change ${index + 1}: old is ${String(link.old)}, it was ${String(before)}`];
  });
}
