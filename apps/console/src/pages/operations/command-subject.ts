import type { Schemas } from '../../api/client.js';

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
  const conditions = isObject(filter) ? Object.entries(filter) : [];
  if (conditions.length === 1 && conditions[0]![0] === 'event_id') return eventSubject(conditions[0]![1], sinks);
  const text = conditions.map(([name, value]) => `${name.replaceAll('_', ' ')} ${String(value)}`).join(', ');
  return { text: `${isDryRun === true ? '(count only) ' : ''}events with ${text || 'an unknown filter'} at ${sinks}` };
}
