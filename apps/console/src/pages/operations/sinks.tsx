import { useState } from 'react';
import { Link } from 'wouter';
import type { Schemas } from '../../api/client.js';
import { ActionButton } from '../../components/action-button.js';
import { cappedText, countText } from '../../components/count-text.js';
import { durationText } from '../../components/duration-text.js';
import { Figure } from '../../components/figure.js';
import { Moment } from '../../components/moment.js';
import { needsCare } from '../../components/needs-care.js';
import { Empty } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { SINK_DIALOGS, type Sink, type SinkAction } from './sink-dialogs.js';

type Worker = Schemas['WorkerStatus'];

interface SinksProps {
  readonly sinks: readonly Sink[];
  readonly workers: readonly Worker[];
  /** Why the person may not act on sinks. */
  readonly disabledBecause: string | undefined;
}

/** The sinks with their actions. Retired ones come last, because nothing can be done with them. */
export function Sinks({ sinks, workers, disabledBecause }: SinksProps) {
  const retired = sinks.filter(({ state }) => state === 'retired');
  const others = sinks.filter(({ state }) => state !== 'retired');
  // The dialog is outside the card, because a sink that is retired loses its card.
  const [open, setOpen] = useState<{ readonly sink: Sink; readonly action: SinkAction }>();
  const Dialog = open && SINK_DIALOGS[open.action];
  if (sinks.length === 0) return <Empty title="No worker has registered a sink yet." />;
  return (
    <>
      <ul className="cards">
        {others.map((sink) => (
          <li key={sink.name} className={`card ${needsCare(sink) || sink.failed > 0 ? 'bad' : ''}`} aria-label={sink.name}>
            <SinkCard sink={sink} workers={workers} />
            <SinkActions sink={sink} disabledBecause={disabledBecause} onAct={(action) => setOpen({ sink, action })} />
          </li>
        ))}
      </ul>
      {retired.length > 0 && <p className="meta retired">Retired: {retired.map(({ name }) => name).join(', ')}</p>}
      {Dialog && <Dialog sink={open.sink} onClose={() => setOpen(undefined)} />}
    </>
  );
}

function SinkCard({ sink, workers }: { readonly sink: Sink; readonly workers: readonly Worker[] }) {
  const reporting = workers.filter(({ is_silent: silent, sinks }) => !silent && sinks.includes(sink.name)).length;
  return (
    <>
      <h3>
        {sink.name} <Status status={sink.state} />
      </h3>
      <dl className="figures">
        <Figure name="Backlog" value={cappedText(sink.backlog)} to={listOf(sink, 'pending')} />
        <Figure name="Oldest" value={sink.lag_ms === null ? '–' : durationText(sink.lag_ms)} to={listOf(sink, 'pending')} />
        <Figure name="Failed" value={cappedText(sink.failed)} to={listOf(sink, 'failed')} />
      </dl>
      <p className="meta">
        {sink.leader === null ? (
          'No worker leads this sink.'
        ) : (
          <>
            Led by {sink.leader.worker}
            {sink.leader.since !== null && (
              <>
                {' '}
                since <Moment at={sink.leader.since} />
              </>
            )}
            .
          </>
        )}{' '}
        It runs in {countText(reporting, 'worker')}.{sink.observer && ' It only watches, so no status of an event depends on it.'}
      </p>
      <Warnings sink={sink} />
    </>
  );
}

const listOf = ({ name }: Sink, status: string): string => `/events?sink=${encodeURIComponent(name)}&status=${status}`;

function Warnings({ sink }: { readonly sink: Sink }) {
  const { abandoned, failing_since: failing, last_error: error, leader_failing_since: leaderFailing, unhandled } = sink;
  return (
    <>
      {abandoned && (
        <p className="error-text">Workers run without this sink. Start a worker with it, or retire it if it is gone for good.</p>
      )}
      {failing !== null && (
        <p className="error-text">
          Not reachable since <Moment at={failing} />: {error}
        </p>
      )}
      {leaderFailing !== null && (
        <p className="error-text">
          Its leader starts and fails repeatedly since <Moment at={leaderFailing} />: {sink.leader_error}
        </p>
      )}
      {unhandled.map(({ event_type: type, schema_version: version, count, oldest_event_id: id }) => (
        <p key={`${type} ${version}`} className="error-text">
          {cappedText(count)} of {type} version {version} wait for a worker that handles them.{' '}
          <Link href={`/events/${id}`}>Oldest</Link>
        </p>
      ))}
    </>
  );
}

interface SinkActionsProps {
  readonly sink: Sink;
  readonly disabledBecause: string | undefined;
  readonly onAct: (action: SinkAction) => void;
}

function SinkActions({ sink, disabledBecause, onAct }: SinkActionsProps) {
  const isDelivering = sink.state === 'active' && sink.leader !== null;
  return (
    <div className="actions">
      {sink.state === 'active' ? (
        <ActionButton label={`Pause ${sink.name}`} disabledBecause={disabledBecause} onClick={() => onAct('pause')}>
          Pause
        </ActionButton>
      ) : (
        <ActionButton label={`Resume ${sink.name}`} disabledBecause={disabledBecause} onClick={() => onAct('resume')}>
          Resume
        </ActionButton>
      )}
      <ActionButton
        label={`Drop type of ${sink.name}`}
        disabledBecause={disabledBecause ?? (sink.event_types === null ? 'It receives every event type.' : undefined)}
        onClick={() => onAct('drop')}
      >
        Drop type
      </ActionButton>
      <ActionButton
        label={`Retire ${sink.name}`}
        disabledBecause={disabledBecause ?? (isDelivering ? 'A worker delivers to it. Pause it first.' : undefined)}
        onClick={() => onAct('retire')}
      >
        Retire
      </ActionButton>
    </div>
  );
}
