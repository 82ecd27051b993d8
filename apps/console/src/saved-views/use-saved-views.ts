import { useMemo, useSyncExternalStore } from 'react';
import { useMe, type Me } from '../session/session.js';
import { readStored, writeStored } from '../storage.js';
import { addView, parseViews, removeView, renameView, type Change, type SavedView, type ViewList } from './stored-views.js';

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('storage', listener); // another tab has changed the views
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', listener);
  };
}

/** The views belong to one person in one organization, so another person on the same browser does not see them. */
const keyOf = (me: Me, list: ViewList): string => `pikaia-views:${list}:${me.organization_id ?? 'platform'}:${me.id}`;

export interface SavedViews {
  readonly views: readonly SavedView[];
  /** Each change returns why it is refused, or undefined. */
  readonly add: (name: string, filters: SavedView['filters']) => string | undefined;
  readonly rename: (oldName: string, name: string) => string | undefined;
  readonly remove: (name: string) => string | undefined;
}

/** The saved views of a list, which the browser keeps for the person of the session. */
export function useSavedViews(list: ViewList): SavedViews {
  const { data: me } = useMe();
  const key = typeof me === 'object' ? keyOf(me, list) : undefined;
  const text = useSyncExternalStore(subscribe, () => (key === undefined ? null : readStored(key)));
  const views = useMemo(() => parseViews(text), [text]);
  const change = (make: (stored: readonly SavedView[]) => Change): string | undefined => {
    if (key === undefined) return 'Nobody is signed in.';
    const changed = make(parseViews(readStored(key)));
    return 'views' in changed ? store(key, changed.views) : changed.problem;
  };
  return {
    views,
    add: (name, filters) => change((stored) => addView(stored, name, filters)),
    rename: (oldName, name) => change((stored) => renameView(stored, oldName, name)),
    remove: (name) => change((stored) => removeView(stored, name)),
  };
}

function store(key: string, views: readonly SavedView[]): string | undefined {
  if (!writeStored(key, JSON.stringify(views))) return 'The browser has no space left for the view, or denies it.';
  for (const listener of listeners) listener();
  return undefined;
}
