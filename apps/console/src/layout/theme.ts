import { useEffect, useState } from 'react';
import { readStored, writeStored } from '../storage.js';

const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];
const KEY = 'pikaia-theme';

const stored = (): Theme => {
  const value = readStored(KEY);
  return THEMES.find((theme) => theme === value) ?? 'system';
};

function apply(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

/** Applies the chosen colors before the first page is shown, the sign-in page included. */
export const applyStoredTheme = (): void => apply(stored());

/** The colors that the person chose. `system` follows the operating system. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(stored);
  useEffect(() => {
    apply(theme);
    writeStored(KEY, theme);
  }, [theme]);
  return [theme, setTheme];
}
