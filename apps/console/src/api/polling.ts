import { useEffect, useState } from 'react';

const POLL_MS = 5_000;

/** Whether the person has selected text. New data would move or remove the selection. */
function useTextSelected(): boolean {
  const [selected, setSelected] = useState(false);
  useEffect(() => {
    const update = (): void => setSelected(document.getSelection()?.isCollapsed === false);
    document.addEventListener('selectionchange', update);
    return () => document.removeEventListener('selectionchange', update);
  }, []);
  return selected;
}

export interface Polling {
  /** For `refetchInterval` of a query. A hidden page sends no requests in any case. */
  readonly refetchInterval: number | false;
  readonly isPaused: boolean;
}

/** Polls every five seconds, except while text or an item of the page is selected. */
export function usePolling(isItemSelected = false, intervalMs = POLL_MS): Polling {
  const isPaused = useTextSelected() || isItemSelected;
  return { refetchInterval: isPaused ? false : intervalMs, isPaused };
}
