import { useId, useRef, useState, type FormEvent } from 'react';
import { Link } from 'wouter';
import type { Filters } from '../url/filters.js';
import { MAX_NAME_LENGTH, type SavedView, type ViewList } from './stored-views.js';
import { useSavedViews, type SavedViews as Store } from './use-saved-views.js';
import '../styles/saved-views.css';

interface SavedViewsProps {
  readonly list: ViewList;
  /** The filters that the page shows. */
  readonly filters: Filters<string>;
}

/** The saved views of a list: each is a link, and a dialog saves, renames and deletes them. */
export function SavedViews({ list, filters }: SavedViewsProps) {
  const store = useSavedViews(list);
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  return (
    <div className="views">
      {store.views.length > 0 && (
        <ul aria-label="Saved views">
          {store.views.map((view) => (
            <li key={view.name}>
              <Link
                href={`/${list}?${new URLSearchParams(view.filters).toString()}`}
                aria-current={isShown(view, filters) ? 'true' : undefined}
              >
                {view.name}
              </Link>
            </li>
          ))}
        </ul>
      )}
      <button type="button" onClick={() => dialog.current!.showModal()}>
        {store.views.length > 0 ? 'Edit views' : 'Save as a view'}
      </button>
      <dialog ref={dialog} aria-labelledby={title} className="help">
        <h2 id={title}>Saved views</h2>
        <p className="hint">This browser keeps them for you and this organization.</p>
        <NewView store={store} filters={filters} />
        <ul className="edited">
          {store.views.map((view) => (
            <EditedView key={view.name} view={view} store={store} />
          ))}
        </ul>
        <button type="button" onClick={() => dialog.current!.close()}>
          Close
        </button>
      </dialog>
    </div>
  );
}

const given = (filters: Filters<string>): Record<string, string> =>
  Object.fromEntries(Object.entries(filters).flatMap(([name, value]) => (value ? [[name, value]] : [])));

function isShown(view: SavedView, filters: Filters<string>): boolean {
  const shown = given(filters);
  const names = new Set([...Object.keys(view.filters), ...Object.keys(shown)]);
  return [...names].every((name) => view.filters[name] === shown[name]);
}

function NewView({ store, filters }: { readonly store: Store; readonly filters: Filters<string> }) {
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string>();
  const saved = given(filters);
  if (Object.keys(saved).length === 0) return <p>To save a view, close this dialog and set a filter.</p>;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const refused = store.add(name, saved);
    setProblem(refused);
    if (refused === undefined) setName('');
  };
  return (
    <form onSubmit={submit}>
      <label>
        Name of a view with the current filters
        <input value={name} maxLength={2 * MAX_NAME_LENGTH} onChange={(event) => setName(event.target.value)} />
      </label>
      <button type="submit" className="primary">
        Save
      </button>
      <Problem text={problem} />
    </form>
  );
}

function EditedView({ view, store }: { readonly view: SavedView; readonly store: Store }) {
  const [name, setName] = useState(view.name);
  const [problem, setProblem] = useState<string>();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setProblem(store.rename(view.name, name));
  };
  return (
    <li>
      <form onSubmit={submit}>
        <label>
          <span className="unseen">New name of {view.name}</span>
          <input value={name} maxLength={2 * MAX_NAME_LENGTH} onChange={(event) => setName(event.target.value)} />
        </label>
        <button type="submit" disabled={name === view.name} aria-label={`Rename ${view.name}`}>
          Rename
        </button>
        <button type="button" aria-label={`Delete ${view.name}`} onClick={() => setProblem(store.remove(view.name))}>
          Delete
        </button>
        <Problem text={problem} />
      </form>
    </li>
  );
}

const Problem = ({ text }: { readonly text: string | undefined }) =>
  text !== undefined && (
    <p className="error-text" role="alert">
      {text}
    </p>
  );
