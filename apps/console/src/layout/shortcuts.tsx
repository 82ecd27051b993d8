import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';

export interface Shortcut {
  /** One key, or two that are pressed one after the other, such as `g e`. */
  readonly keys: string;
  readonly description: string;
  readonly run: () => void;
}

const SEQUENCE_MS = 1_000;

interface Registry {
  readonly shortcuts: readonly Shortcut[];
  readonly add: (shortcuts: readonly Shortcut[]) => () => void;
}

const RegistryContext = createContext<Registry | undefined>(undefined);

const isTyping = ({ target }: KeyboardEvent): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches('input:not([type=checkbox], [type=radio]), textarea, select'));

/** Runs the shortcuts of the page that is shown. Keys with a modifier belong to the browser, and those in a field to the field. */
export function ShortcutProvider({ children }: { readonly children: ReactNode }) {
  const [groups, setGroups] = useState<ReadonlySet<readonly Shortcut[]>>(new Set());
  const add = useCallback((group: readonly Shortcut[]) => {
    setGroups((before) => new Set([...before, group]));
    return () => setGroups((before) => new Set([...before].filter((other) => other !== group)));
  }, []);
  const shortcuts = useMemo(() => [...groups].flat(), [groups]);
  const first = useRef<{ key: string; at: number }>(undefined);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || document.querySelector('dialog[open]')) return;
      const started = first.current && event.timeStamp - first.current.at < SEQUENCE_MS ? `${first.current.key} ` : '';
      const found =
        shortcuts.findLast(({ keys }) => keys === started + event.key) ?? shortcuts.findLast(({ keys }) => keys === event.key);
      first.current = found ? undefined : { key: event.key, at: event.timeStamp };
      if (!found) return;
      event.preventDefault();
      found.run();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [shortcuts]);
  const registry = useMemo(() => ({ shortcuts, add }), [shortcuts, add]);
  return <RegistryContext value={registry}>{children}</RegistryContext>;
}

/** Adds shortcuts while the component is shown. `shortcuts` must be memoized. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const { add } = useContext(RegistryContext)!;
  useEffect(() => add(shortcuts), [add, shortcuts]);
}

/** The dialog that lists all shortcuts of the page. `?` opens it. */
export function ShortcutHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  const { shortcuts } = useContext(RegistryContext)!;
  useShortcuts(
    useMemo(() => [{ keys: '?', description: 'Show the keyboard shortcuts', run: () => dialog.current!.showModal() }], []),
  );
  return (
    <dialog ref={dialog} aria-labelledby="shortcuts-title" className="help">
      <h2 id="shortcuts-title">Keyboard shortcuts</h2>
      <dl>
        {shortcuts.map(({ keys, description }) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{description}</dd>
          </div>
        ))}
      </dl>
      <button type="button" className="primary" onClick={() => dialog.current!.close()}>
        Close
      </button>
    </dialog>
  );
}
