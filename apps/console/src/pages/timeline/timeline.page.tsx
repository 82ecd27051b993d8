import { useMemo, useRef, useState } from 'react';
import { ROOT_PATH } from '../../base.js';
import { CopyableId, CopyButton } from '../../components/copyable.js';
import { durationText } from '../../components/duration-text.js';
import { Moment } from '../../components/moment.js';
import { ProblemState, StaleNotice } from '../../components/problem.js';
import { Empty, EmptyPage, Loading } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { VirtualList, type ListHandle } from '../../components/virtual-list.js';
import { useShortcuts } from '../../layout/shortcuts.js';
import { useMe } from '../../session/session.js';
import { useFilters } from '../../url/filters.js';
import { answersOf, headlineOf, statusOf } from './answers.js';
import { axisOf } from './axis.js';
import { AxisScale } from './axis-scale.js';
import { beginningOf, rowsOf, type Entry, type TimelineRow } from './entries.js';
import { EntryRow } from './entry-row.js';
import { Missing } from './missing.js';
import { matchesFilters, TimelineFilters, TIMELINE_FILTERS } from './timeline-filters.js';
import { timelineText } from './timeline-text.js';
import { useTimeline } from './use-timeline.js';
import '../../styles/timeline.css';

const ROW_HEIGHT = 42;

/** Everything that one request caused, on one axis. */
export default function TimelinePage({ id }: { readonly id: string }) {
  const { data, error, isPending, refetch, isQuiet, isPaused } = useTimeline(id);
  const { data: me } = useMe();
  const rows = useMemo(() => rowsOf((data?.entries ?? []) as readonly Entry[]), [data]);
  usePageTitle(data ? headlineOf(rows.map(({ entry }) => entry)) : 'Timeline');
  if (isPending) return <Loading what="the timeline" />;
  if (error && !data) return <ProblemState error={error} onRetry={() => void refetch()} />;
  if (!data || !me || typeof me === 'string') return null;
  if (rows.length === 0) return error ? <ProblemState error={error} onRetry={() => void refetch()} /> : <NothingFound id={id} />;
  return (
    <article className="timeline">
      <StaleNotice error={error} />
      <Head
        id={id}
        rows={rows}
        state={error ? 'failing' : isQuiet ? 'quiet' : isPaused ? 'paused' : 'live'}
        onRefresh={() => void refetch()}
      />
      <Entries rows={rows} />
      <Missing correlation={data} me={me} />
    </article>
  );
}

const NothingFound = ({ id }: { readonly id: string }) => (
  <EmptyPage title="Nothing with this correlation id that you may see">
    <p>
      <CopyableId id={id} />
    </p>
    <p>
      The system did not handle this request, it belongs to another organization, or its entries were removed. A request that was
      just sent appears here by itself.
    </p>
  </EmptyPage>
);

interface HeadProps {
  readonly id: string;
  readonly rows: readonly TimelineRow[];
  readonly state: keyof typeof STATES;
  readonly onRefresh: () => void;
}

const STATES = {
  live: 'Live. New entries appear by themselves.',
  failing: 'Not live: the last read failed.',
  paused: 'Paused while text is selected.',
  quiet: 'Quiet. Nothing has changed for 15 seconds.',
} as const;

function Head({ id, rows, state, onRefresh }: HeadProps) {
  const answers = useMemo(() => answersOf(rows), [rows]);
  const headline = headlineOf(rows.map(({ entry }) => entry));
  const status = statusOf(rows);
  const copyText = (): string => timelineText(id, headline, rows, answers);
  return (
    <header className="page-head">
      <h1>
        {headline} {status !== undefined && <Status status={String(status)} tone={status >= 400 ? 'bad' : 'good'} />}
      </h1>
      <p className="meta">
        <Moment at={new Date(beginningOf(rows)).toISOString()} /> <CopyableId id={id} />
      </p>
      <div className="actions">
        <span className={`live ${state}`} role="status">
          {STATES[state]}
        </span>
        {state === 'quiet' && (
          <button type="button" onClick={onRefresh}>
            Read again
          </button>
        )}
        <CopyButton text={copyText} className="button">
          Copy as text
        </CopyButton>
        <a className="button" href={`${ROOT_PATH}/api/v1/admin/correlations/${id}`} target="_blank" rel="noreferrer">
          JSON
        </a>
      </div>
      <dl className="answers">
        {answers.map(({ question, answer, tone }, index) => (
          <div key={index} className={tone}>
            <dt>{question}</dt>
            <dd>{answer}</dd>
          </div>
        ))}
      </dl>
    </header>
  );
}

function Entries({ rows }: { readonly rows: readonly TimelineRow[] }) {
  const [filters, change] = useFilters(TIMELINE_FILTERS);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const shown = useMemo(() => rows.filter((row) => matchesFilters(row, filters)), [rows, filters]);
  const axis = useMemo(() => axisOf(shown), [shown]);
  const toggle = (key: string): void =>
    setOpen((before) => (before.has(key) ? new Set([...before].filter((one) => one !== key)) : new Set(before).add(key)));
  const list = useRef<ListHandle>(null);
  useShortcuts(
    useMemo(() => {
      const next = (isWanted: (row: TimelineRow) => boolean): void => {
        const from = list.current?.focusedIndex() ?? -1;
        focusEntry(shown.findIndex((row, index) => index > from && isWanted(row)));
      };
      const previous = (): void => focusEntry((list.current?.focusedIndex() ?? 0) - 1);
      const focusEntry = (index: number): void => {
        if (index >= 0 && index < shown.length) list.current?.focus(index);
      };
      return [
        { keys: 'j', description: 'Next entry', run: () => next(() => true) },
        { keys: 'k', description: 'Previous entry', run: previous },
        { keys: 'x', description: 'Next error', run: () => next(({ error, tone }) => error !== undefined || tone === 'bad') },
      ];
    }, [shown]),
  );
  return (
    <section aria-label="Entries">
      <TimelineFilters rows={rows} filters={filters} onChange={change} />
      {shown.length === 0 ? (
        <Empty title="No entry matches the filters." />
      ) : (
        <>
          <AxisScale axis={axis} />
          <VirtualList
            ref={list}
            items={shown}
            label={`${shown.length} entries by time, over ${durationText(axis.end - axis.start)}`}
            estimatedHeight={ROW_HEIGHT}
            keyOf={({ key }) => key}
            render={(row) => <EntryRow row={row} axis={axis} isOpen={open.has(row.key)} onToggle={() => toggle(row.key)} />}
          />
        </>
      )}
    </section>
  );
}
