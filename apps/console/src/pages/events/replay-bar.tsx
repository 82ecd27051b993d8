import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api, read, type Schemas } from '../../api/client.js';
import { MAX_SELECTED_EVENTS } from '../../api/limits.js';
import { usePolling } from '../../api/polling.js';
import { ActionButton } from '../../components/action-button.js';
import { countText } from '../../components/count-text.js';
import { useShortcuts } from '../../layout/shortcuts.js';
import { reasonAgainstReplay } from '../../session/access.js';
import type { Me } from '../../session/session.js';
import { ReplayDialog } from './replay-dialog.js';
import { replayOfList, type ReplayFilter } from './replay-selection.js';
import type { Selection } from './selection.js';

const COUNT_MS = 30_000;

interface Replay {
  readonly title: string;
  readonly filter: ReplayFilter;
  readonly sink?: string | undefined;
}

type NextReplay = Replay | { readonly impossible: string };

interface ReplayBarProps {
  readonly me: Me;
  readonly filters: Readonly<Partial<Record<string, string>>>;
  readonly selection: Selection;
  readonly loaded: readonly Schemas['Event'][];
}

/** Says how many events match or are selected, and replays them. */
export function ReplayBar({ me, filters, selection: { ids, select }, loaded }: ReplayBarProps) {
  const [replay, setReplay] = useState<Replay>();
  const isSelecting = ids.size > 0;
  const matching = useMatchingText(filters, isSelecting);
  const next = isSelecting ? replayOfSelection([...ids]) : replayOfFilters(filters);
  const disabledBecause = reasonAgainstReplay(me) ?? ('impossible' in next ? next.impossible : undefined);
  const open = (): void => {
    if (disabledBecause === undefined && 'title' in next) setReplay(next);
  };
  const latest = useRef({ open, loaded });
  useEffect(() => {
    latest.current = { open, loaded };
  });
  useShortcuts(
    useMemo(
      () => [
        { keys: 'r', description: 'Replay the selected events, or all that match', run: () => latest.current.open() },
        {
          keys: 'a',
          description: 'Select all loaded events',
          run: () => select(latest.current.loaded.map((event) => event.event_id)),
        },
        { keys: 'u', description: 'Unselect all events', run: () => select([]) },
      ],
      [select],
    ),
  );
  return (
    <div className={isSelecting ? 'replay-bar selected' : 'replay-bar'}>
      <p role="status">
        {isSelecting ? `${countText(ids.size, 'event')} selected. The list is not updated meanwhile.` : matching}
      </p>
      <ActionButton disabledBecause={disabledBecause} onClick={open}>
        {isSelecting ? 'Replay the selection' : 'Replay all that match'}
      </ActionButton>
      {isSelecting && (
        <button type="button" onClick={() => select([])}>
          Clear the selection
        </button>
      )}
      {replay && <ReplayDialog {...replay} onStarted={() => select([])} onClose={() => setReplay(undefined)} />}
    </div>
  );
}

function replayOfSelection(ids: string[]): NextReplay {
  if (ids.length > MAX_SELECTED_EVENTS) return { impossible: `A replay takes at most ${MAX_SELECTED_EVENTS} selected events.` };
  return { title: `Replay ${countText(ids.length, 'selected event')}`, filter: { event_ids: ids } };
}

function replayOfFilters(filters: ReplayBarProps['filters']): NextReplay {
  const replay = replayOfList(filters);
  return 'impossible' in replay ? replay : { title: 'Replay all events that match the filters', ...replay };
}

/** The number of events that match the filters, as a text. Empty until it is known. */
function useMatchingText(filters: ReplayBarProps['filters'], isPaused: boolean): string {
  const { refetchInterval } = usePolling(isPaused, COUNT_MS);
  const { data } = useQuery({
    queryKey: ['events', 'count', filters],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/admin/events/count', { params: { query: filters as Record<string, string> }, signal })),
    refetchInterval,
  });
  return data ? `${countText(data.count, 'event', data.is_capped)} match${data.count === 1 && !data.is_capped ? 'es' : ''}.` : '';
}
