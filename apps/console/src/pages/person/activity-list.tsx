import { useMemo } from 'react';
import { Link } from 'wouter';
import type { Schemas } from '../../api/client.js';
import { Moment } from '../../components/moment.js';
import { Status } from '../../components/status.js';
import { actorPage, objectPage, timelinePage } from '../../url/pages.js';
import '../../styles/activity.css';

type Common = keyof Schemas['OwnActivity'] & keyof Schemas['Activity'];
type Event = Schemas['Activity']['events'][number];

/** An audit entry that the person caused or concerned. */
export type Activity = Pick<Schemas['Activity'], Common> & Partial<Pick<Schemas['Activity'], 'events' | 'actor_email'>>;

interface ActivityListProps {
  readonly items: readonly Activity[];
  /** Shows only entries, or only events. */
  readonly kind?: string | undefined;
  /** Whether the reader may open the pages of an entry. */
  readonly canOpen: (item: Activity) => boolean;
}

interface Line {
  readonly key: string;
  readonly item: Activity;
  readonly event?: Event;
}

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });

/** The activity of a person by day, in the time zone of the reader. */
export function ActivityList({ items, kind, canOpen }: ActivityListProps) {
  const days = useMemo(() => [...Map.groupBy(linesOf(items, kind), dayOf)], [items, kind]);
  if (days.length === 0) return <p className="state">These entries published no events.</p>;
  return days.map(([day, lines]) => (
    <section key={day} aria-label={day} className="day">
      <h3>{day}</h3>
      <ol className="activity">
        {lines.map(({ key, item, event }) => (
          <li key={key} className={item.involvement}>
            <span className="time">
              <Moment at={event?.occurred_at ?? item.created_at} precise />
            </span>
            {event ? <EventLine event={event} /> : <EntryLine item={item} isOpen={canOpen(item)} />}
          </li>
        ))}
      </ol>
    </section>
  ));
}

const dayOf = ({ item }: Line): string => DAY.format(new Date(item.created_at));

function linesOf(items: readonly Activity[], kind: string | undefined): Line[] {
  const shown = new Set<string>(); // two entries about one object in one request have the same events
  return items.flatMap((item) => {
    const events = (item.events ?? []).filter(({ event_id: id }) => !shown.has(id));
    for (const { event_id: id } of events) shown.add(id);
    return [
      ...(kind === 'events' ? [] : [{ key: item.id, item }]),
      ...(kind === 'entries' ? [] : events.map((event) => ({ key: event.event_id, item, event }))),
    ];
  });
}

const EventLine = ({ event }: { readonly event: Event }) => (
  <p>
    <span className="kind">event</span>{' '}
    <Link href={`/events/${event.event_id}`} className="row-link">
      {event.event_type}
    </Link>{' '}
    <Status status={event.status} />
  </p>
);

function EntryLine({ item, isOpen }: { readonly item: Activity; readonly isOpen: boolean }) {
  const object = (
    <>
      {item.aggregate_type} <code>{item.aggregate_id.slice(-8)}</code>
    </>
  );
  return (
    <p>
      <span className="kind">{item.involvement === 'actor' ? 'own action' : 'by others'}</span>{' '}
      {isOpen ? (
        <Link href={`/audit/${item.id}`} className="row-link">
          {item.action}
        </Link>
      ) : (
        <strong>{item.action}</strong>
      )}{' '}
      on{' '}
      {isOpen ? (
        <Link href={objectPage(item.aggregate_type, item.aggregate_id)} title={item.aggregate_id}>
          {object}
        </Link>
      ) : (
        object
      )}
      {item.involvement === 'subject' && <Actor item={item} isOpen={isOpen} />}
      <span className="meta">
        {item.changed.length > 0 && ` · ${item.changed.join(', ')}`}
        {item.ip_address !== null && ` · from ${item.ip_address}`}
        {isOpen && (
          <>
            {' · '}
            <Link href={timelinePage(item.correlation_id)}>timeline</Link>
          </>
        )}
      </span>
    </p>
  );
}

const Actor = ({ item, isOpen }: { readonly item: Activity; readonly isOpen: boolean }) => {
  const name = item.actor_email ?? item.actor_id;
  return <> by {isOpen ? <Link href={actorPage(item.actor_id)}>{name}</Link> : name}</>;
};
