import type { Schemas } from '../../api/client.js';
import { filterText } from '../events/replay-selection.js';

type Command = Schemas['Command'];

export interface Subject {
  readonly text: string;
  /** The page of it. */
  readonly path?: string;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Says what a command was about. Commands that were given by SQL may have any arguments. */
export function subjectOf({ command, arguments: given, sinks }: Command): Subject {
  const values = isObject(given) ? given : {};
  const names = sinks.map(({ sink }) => sink).join(', ');
  switch (command) {
    case 'skip':
      return eventSubject(values['event_id'], names);
    case 'drop_type':
      return { text: `${String(values['event_type'])} of ${names}` };
    case 'cancel':
      return { text: `the replay ${String(values['command_id'])}` };
    case 'replay':
      return replaySubject(values, names);
    default:
      return { text: names };
  }
}

function eventSubject(id: unknown, sinks: string): Subject {
  const text = `event ${String(id)} at ${sinks}`;
  return typeof id === 'string' ? { text, path: `/events/${encodeURIComponent(id)}` } : { text };
}

function replaySubject({ filter, dry_run: isDryRun }: Readonly<Record<string, unknown>>, sinks: string): Subject {
  const isKnown = isObject(filter) && Object.keys(filter).length > 0;
  const only = isKnown ? onlyEventOf(filter) : undefined;
  const subject =
    only === undefined
      ? { text: `${isKnown ? filterText(filter) : 'events with an unknown filter'} at ${sinks}` }
      : eventSubject(only, sinks);
  return isDryRun === true ? { ...subject, text: `(count only) ${subject.text}` } : subject;
}

/** The id of the event, if the filter names one event and has no other condition. */
function onlyEventOf({ event_id: id, event_ids: ids, ...others }: Readonly<Record<string, unknown>>): unknown {
  const named = [...(id === undefined ? [] : [id]), ...(Array.isArray(ids) ? ids : [])];
  return named.length === 1 && Object.keys(others).length === 0 ? named[0] : undefined;
}
