import type { CommandName, OpenCommand, ReplayFilter } from './command.js';

const ARGUMENT_NAMES: Readonly<Record<CommandName, readonly string[]>> = {
  pause: [],
  resume: [],
  retire: [],
  skip: ['event_id'],
  drop_type: ['event_type'],
  cancel: ['command_id'],
  replay: ['filter', 'dry_run', 'limit', 'rate'],
};

const CONDITIONS: Readonly<Record<keyof ReplayFilter, true>> = {
  event_id: true,
  event_ids: true,
  event_type: true,
  aggregate_type: true,
  aggregate_id: true,
  organization_id: true,
  correlation_id: true,
  from: true,
  to: true,
  status: true,
  error: true,
  actor_id: true,
  fingerprint: true,
};

const NEWER_VERSION_HINT = 'A newer version of the api may have sent it: send it again when every worker has that version.';

/**
 * Returns why a command cannot be executed, or undefined if it can. A row comes from an api of any version or from SQL, so this
 * function checks everything. It refuses unknown arguments: a replay that ignores an unknown condition sends too many events.
 */
export function problemWith({ command, arguments: values }: OpenCommand): string | undefined {
  if (!Object.hasOwn(ARGUMENT_NAMES, command))
    return `This worker does not know the command ${String(command)}. ${NEWER_VERSION_HINT}`;
  if (!isObject(values)) return 'The arguments must be a JSON object.';
  const unknown = Object.keys(values).find((name) => !ARGUMENT_NAMES[command].includes(name));
  if (unknown !== undefined) return `This worker does not know the argument ${unknown} of ${command}. ${NEWER_VERSION_HINT}`;
  if (command === 'skip' && typeof values['event_id'] !== 'string') return 'event_id must be the id of an event.';
  if (command === 'drop_type' && typeof values['event_type'] !== 'string') return 'event_type must be an event type.';
  if (command === 'cancel' && typeof values['command_id'] !== 'string') return 'command_id must be the id of a replay.';
  return command === 'replay' ? problemWithReplay(values) : undefined;
}

function problemWithReplay({ filter, dry_run, limit, rate }: Readonly<Record<string, unknown>>): string | undefined {
  if (!isObject(filter)) return 'filter must be a JSON object.';
  for (const [name, value] of Object.entries(filter)) {
    if (!Object.hasOwn(CONDITIONS, name)) return `This worker does not know filter.${name}. ${NEWER_VERSION_HINT}`;
    if (name === 'event_ids') {
      if (!isListOfTexts(value)) return 'filter.event_ids must be a list of ids.';
    } else if (typeof value !== 'string') return `filter.${name} must be a text.`;
  }
  const { status } = filter;
  if (status !== undefined && status !== 'failed' && status !== 'published') return 'filter.status must be failed or published.';
  if (typeof dry_run !== 'boolean') return 'dry_run must be true or false.';
  for (const [name, value] of Object.entries({ limit, rate })) {
    if (value !== undefined && value !== null && !(Number.isSafeInteger(value) && (value as number) > 0))
      return `${name} must be a positive whole number or null.`;
  }
  return undefined;
}

const isListOfTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
