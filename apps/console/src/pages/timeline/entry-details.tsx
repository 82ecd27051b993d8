import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { ActorLink } from '../../components/actor-link.js';
import { Changes } from '../../components/changes.js';
import { CopyableId } from '../../components/copyable.js';
import { Json } from '../../components/json.js';
import { actorPage, isUuid } from '../../url/pages.js';
import type { Entry, EventEntry } from './entries.js';

/** Fields that the row or the page shows already. */
const SHOWN_FIELDS: ReadonlySet<string> = new Set([
  'time',
  'timestamp',
  'kind',
  'trace_id',
  'correlation_id',
  'shortened',
  'diff',
  'changed',
  'payload',
  'error.message',
  'problem.detail',
  'error.stack',
  'exc_info',
  'error.kind',
]);

/** The pages of ids, by the name of the field. */
const PAGES: Readonly<Record<string, (id: string) => string>> = {
  event_id: (id) => `/events/${id}`,
  'event.id': (id) => `/events/${id}`,
  causation_id: (id) => `/events/${id}`,
  aggregate_id: (id) => `/audit?aggregate_id=${id}`,
  actor_id: actorPage,
  'usr.id': actorPage,
  'replayed.trace_id': (id) => `/c/${id}`,
};

/** What an unfolded entry shows: its changes, its fields, and the entry as JSON. */
export function EntryDetails({ entry }: { readonly entry: Entry }) {
  const [isJson, setJson] = useState(false);
  return (
    <>
      {entry.kind === 'audit' && <Changes diff={entry.diff} changed={entry.changed} />}
      {isJson ? <Json value={entry} label="the entry as JSON" /> : <FieldList entry={entry} />}
      <p className="actions">
        <button type="button" aria-pressed={isJson} onClick={() => setJson(!isJson)}>
          {isJson ? 'Fields' : 'JSON'}
        </button>
        {entry.kind === 'event' && <Link href={`/events/${entry.event_id}`}>Deliveries of the event</Link>}
        {entry.kind === 'audit' && (
          <>
            <Link href={`/audit/${entry.id}`}>Audit entry</Link>
            <ActorLink id={entry.actor_id} />
          </>
        )}
      </p>
    </>
  );
}

function FieldList({ entry }: { readonly entry: Entry }) {
  const fields = Object.entries(entry).filter(([name, value]) => !SHOWN_FIELDS.has(name) && !isEmpty(value));
  const payload = entry.kind === 'event' ? (entry as EventEntry).payload : undefined;
  return (
    <dl className="fields">
      {fields.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{valueText(name, value)}</dd>
        </div>
      ))}
      {payload && (
        <div>
          <dt>data</dt>
          <dd>
            <code>{JSON.stringify('data' in payload ? payload.data : payload)}</code>
          </dd>
        </div>
      )}
    </dl>
  );
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || (Array.isArray(value) && value.length === 0);

function valueText(name: string, value: unknown): ReactNode {
  if (typeof value !== 'string') return <code>{JSON.stringify(value)}</code>;
  return isUuid(value) ? <CopyableId id={value} to={PAGES[name]?.(value)} /> : value;
}
