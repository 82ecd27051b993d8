import { useMutation } from '@tanstack/react-query';
import { useMemo, useRef, useState, type FormEvent } from 'react';
import { Link, useLocation } from 'wouter';
import { findPage } from './find-page.js';
import { useShortcuts } from './shortcuts.js';

/** Takes any id, email address, name or event type and opens its page. */
export function SearchField() {
  const [text, setText] = useState('');
  const [, navigate] = useLocation();
  const field = useRef<HTMLInputElement>(null);
  useShortcuts(useMemo(() => [{ keys: '/', description: 'Search', run: () => field.current!.select() }], []));
  const search = useMutation({
    mutationFn: findPage,
    onSuccess: (page) => {
      if (!('path' in page)) return;
      setText('');
      field.current!.blur();
      navigate(page.path);
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() !== '') search.mutate(text.trim());
  };
  const nothing = search.data && 'reason' in search.data ? search.data : undefined;
  const clear = (): void => {
    setText('');
    search.reset();
  };
  return (
    <form role="search" className="search" onSubmit={submit}>
      <input
        ref={field}
        type="search"
        aria-label="Search"
        placeholder="Any id, email, name or type"
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        value={text}
        aria-describedby="search-hint"
        onChange={(event) => {
          setText(event.target.value);
          search.reset();
        }}
      />
      <kbd aria-hidden="true">/</kbd>
      <div className="search-hint">
        <p id="search-hint" role="status">
          {search.isPending ? 'Searching …' : (search.error?.message ?? nothing?.reason)}
        </p>
        {nothing?.choices && (
          <ul aria-label="Matches">
            {nothing.choices.map(({ path, label }) => (
              <li key={path}>
                <Link href={path} onClick={clear}>
                  {label}
                </Link>
              </li>
            ))}
          </ul>
        )}
      </div>
    </form>
  );
}
