import { useCallback, useState } from 'react';

interface Selected {
  readonly ids: ReadonlySet<string>;
  /** The item that was changed last, at which a range begins. */
  readonly anchor: string | undefined;
}

const NONE: Selected = { ids: new Set(), anchor: undefined };

/** Selects or unselects an item, or with `isRange` all items from the one that was changed last. `all` has the order of the list. */
export function toggled({ ids, anchor }: Selected, all: readonly string[], id: string, isRange: boolean): Selected {
  const from = isRange && anchor !== undefined ? all.indexOf(anchor) : -1;
  const to = all.indexOf(id);
  const changed = from < 0 ? [id] : all.slice(Math.min(from, to), Math.max(from, to) + 1);
  const isSelected = !ids.has(id);
  const others = [...ids].filter((one) => !changed.includes(one));
  return { ids: new Set(isSelected ? [...others, ...changed] : others), anchor: id };
}

export interface Selection {
  readonly ids: ReadonlySet<string>;
  /** `all` are the ids of the list, in its order. */
  readonly toggle: (all: readonly string[], id: string, isRange: boolean) => void;
  readonly select: (ids: readonly string[]) => void;
}

/**
 * The selected items of a list.
 *
 * @param list identifies the list. Another list begins without a selection.
 */
export function useSelection(list: string): Selection {
  const [state, setState] = useState({ list, selected: NONE });
  const selected = state.list === list ? state.selected : NONE;
  const select = useCallback(
    (ids: readonly string[]) => setState({ list, selected: { ids: new Set(ids), anchor: undefined } }),
    [list],
  );
  const toggle: Selection['toggle'] = (all, id, isRange) => setState({ list, selected: toggled(selected, all, id, isRange) });
  return { ids: selected.ids, toggle, select };
}
