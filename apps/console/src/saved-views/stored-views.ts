/** A list of the console whose filters can be saved. */
export type ViewList = 'events' | 'audit';

/** Filters of a list under a name. */
export interface SavedView {
  readonly name: string;
  readonly filters: Readonly<Record<string, string>>;
}

export const MAX_VIEWS = 50;
export const MAX_NAME_LENGTH = 50;
const MAX_FILTERS = 20;
const MAX_VALUE_LENGTH = 2_000;

const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

const cleanName = (name: string): string => name.normalize('NFC').replace(/\s+/gu, ' ').trim();
const keyOf = (name: string): string => name.toLowerCase();
const lengthOf = (text: string): number => [...text].length;

/** Reads stored views. The storage of a browser can contain anything: what is not a view is left out. */
export function parseViews(text: string | null): SavedView[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text ?? '[]');
  } catch {
    return [];
  }
  const views = new Map<string, SavedView>();
  for (const item of Array.isArray(parsed) ? (parsed as unknown[]) : []) {
    const view = viewOf(item);
    if (view && !views.has(keyOf(view.name)) && views.size < MAX_VIEWS) views.set(keyOf(view.name), view);
  }
  return [...views.values()].toSorted((one, other) => one.name.localeCompare(other.name));
}

function viewOf(item: unknown): SavedView | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const { name, filters } = item as { readonly name?: unknown; readonly filters?: unknown };
  if (typeof name !== 'string' || problemOfName(name) !== undefined) return undefined;
  if (typeof filters !== 'object' || filters === null || Array.isArray(filters)) return undefined;
  const entries = Object.entries(filters as Record<string, unknown>);
  if (entries.length === 0 || entries.length > MAX_FILTERS) return undefined;
  const isText = ([, value]: [string, unknown]): boolean => typeof value === 'string' && value.length <= MAX_VALUE_LENGTH;
  return entries.every(isText) ? { name: cleanName(name), filters: filters as Record<string, string> } : undefined;
}

function problemOfName(name: string): string | undefined {
  const clean = cleanName(name);
  if (!VISIBLE.test(clean)) return 'The view needs a name.';
  return lengthOf(clean) > MAX_NAME_LENGTH ? `A name has at most ${MAX_NAME_LENGTH} characters.` : undefined;
}

/** Views after a change, or why the change is refused. */
export type Change = { readonly views: readonly SavedView[] } | { readonly problem: string };

const isTaken = (views: readonly SavedView[], name: string): boolean =>
  views.some((view) => keyOf(view.name) === keyOf(cleanName(name)));

export function addView(views: readonly SavedView[], name: string, filters: SavedView['filters']): Change {
  const problem = problemOfName(name);
  if (problem !== undefined) return { problem };
  if (isTaken(views, name)) return { problem: 'Another view has this name.' };
  if (views.length >= MAX_VIEWS) return { problem: `There are already ${MAX_VIEWS} views. Delete one first.` };
  return { views: [...views, { name: cleanName(name), filters: { ...filters } }] };
}

export function renameView(views: readonly SavedView[], oldName: string, name: string): Change {
  const problem = problemOfName(name);
  if (problem !== undefined) return { problem };
  const others = views.filter((view) => view.name !== oldName);
  if (others.length === views.length) return { problem: 'The view was deleted in another tab.' };
  if (isTaken(others, name)) return { problem: 'Another view has this name.' };
  return { views: views.map((view) => (view.name === oldName ? { ...view, name: cleanName(name) } : view)) };
}

export const removeView = (views: readonly SavedView[], name: string): Change => ({
  views: views.filter((view) => view.name !== name),
});
