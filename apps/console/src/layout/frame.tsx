import { useEffect, useMemo, useRef, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { ProblemText } from '../components/problem.js';
import { NoPermission } from '../components/states.js';
import { OWN_ACTIVITY, PAGES, reasonAgainst } from '../session/access.js';
import { useSignOut, type Me } from '../session/session.js';
import { SearchField } from './search-field.js';
import { ShortcutHelp, useShortcuts } from './shortcuts.js';
import { useTheme, type Theme } from './theme.js';

/** The header with navigation and search, around the page. */
export function Frame({ me, children }: { readonly me: Me; readonly children: ReactNode }) {
  const [location, navigate] = useLocation();
  const main = useRef<HTMLElement>(null);
  const reason = reasonAgainst(me);
  useFocusOnNewPage(location, main);
  useShortcuts(
    useMemo(
      () =>
        [...PAGES, { path: OWN_ACTIVITY, title: 'Your activity', key: 'p' }].map(({ key, title, path }) => ({
          keys: `g ${key}`,
          description: `Go to ${title}`,
          run: () => navigate(path),
        })),
      [navigate],
    ),
  );
  return (
    <>
      {/* A button, because a link to #main would be relative to <base>. */}
      <button type="button" className="skip" onClick={() => main.current!.focus()}>
        Skip to the page
      </button>
      <header className="frame">
        <Link href="/" className="brand">
          Pikaia
        </Link>
        <nav aria-label="Pages">
          <ul>
            {PAGES.map(({ path, title }) => (
              <li key={path}>
                {reason === undefined ? (
                  <Link href={path} aria-current={isCurrent(path, location) ? 'page' : undefined}>
                    {title}
                  </Link>
                ) : (
                  <span className="disabled" role="link" aria-disabled="true" tabIndex={0} title={reason}>
                    {title} <LockIcon />
                  </span>
                )}
              </li>
            ))}
          </ul>
        </nav>
        {reason === undefined && <SearchField />}
        <UserMenu me={me} />
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {reason === undefined || location === OWN_ACTIVITY ? children : <NoPermission reason={reason} />}
      </main>
      <ShortcutHelp />
    </>
  );
}

const LockIcon = () => (
  <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
    <rect x="3" y="7" width="10" height="7" rx="1.5" fill="currentColor" />
    <path d="M5 7V5a3 3 0 0 1 6 0v2" fill="none" stroke="currentColor" strokeWidth="1.6" />
  </svg>
);

const isCurrent = (path: string, location: string): boolean =>
  path === '/' ? location === '/' : location === path || location.startsWith(`${path}/`);

/** Moves the focus to the page after a navigation, so that a keyboard or a screen reader continues there. */
function useFocusOnNewPage(location: string, main: React.RefObject<HTMLElement | null>): void {
  const shown = useRef(location);
  useEffect(() => {
    if (shown.current === location) return;
    shown.current = location;
    main.current!.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [location, main]);
}

function UserMenu({ me }: { readonly me: Me }) {
  const signOut = useSignOut();
  const [theme, setTheme] = useTheme();
  const menu = useRef<HTMLDivElement>(null);
  return (
    <div className="user">
      <button type="button" popoverTarget="user-menu">
        {me.name ?? me.email} <span className="role">{me.role}</span>
      </button>
      <div id="user-menu" popover="auto" className="menu" ref={menu}>
        <p>{me.email}</p>
        <Link href={OWN_ACTIVITY} onClick={() => menu.current!.hidePopover()}>
          Your activity
        </Link>
        <label>
          Colors
          <select value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
            <option value="system">Like the system</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </select>
        </label>
        <p className="hint">
          Press <kbd>?</kbd> for the keyboard shortcuts.
        </p>
        <button type="button" onClick={() => signOut.mutate()} disabled={signOut.isPending}>
          Sign out
        </button>
        {signOut.error && <ProblemText error={signOut.error} />}
      </div>
    </div>
  );
}
