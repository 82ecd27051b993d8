import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'wouter';

export type Filters<Name extends string> = Readonly<Partial<Record<Name, string>>>;

/** The filters of a list, which the address of the page holds, so that a link shows the same list. An empty value is no filter. */
export function useFilters<Name extends string>(names: readonly Name[]): [Filters<Name>, (changed: Filters<Name>) => void] {
  const [search, setSearch] = useSearchParams();
  const text = search.toString();
  const filters = useMemo(() => {
    const given = new URLSearchParams(text);
    return Object.fromEntries(
      names.flatMap((name) => {
        const value = given.get(name)?.trim();
        return value ? [[name, value]] : [];
      }),
    ) as Filters<Name>;
  }, [names, text]);
  const change = useCallback(
    (changed: Filters<Name>) =>
      setSearch(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries<string | undefined>(changed)) {
            if (value?.trim()) after.set(name, value.trim());
            else after.delete(name);
          }
          return after;
        },
        { replace: true }, // otherwise each letter that is typed would be a step of the history
      ),
    [setSearch],
  );
  return [filters, change];
}
