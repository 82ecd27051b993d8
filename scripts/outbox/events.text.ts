import type { CommandView, EventView } from '@pikaia/events';
import { printable } from '../explain/terminal.ts';
import type { Command, FromJson } from './api.client.ts';

export interface EventPage {
  readonly data: readonly EventView[];
  readonly next_cursor: string | null;
}

export interface CommandPage {
  readonly data: readonly CommandView[];
  readonly next_cursor: string | null;
}

const HINT = `Retry one:  npm run outbox -- replay <id> --sink <sink>     Skip one:  npm run outbox -- skip <id> --sink <sink>
Without --sink, a replay also sends the event to every sink that already received it.`;

/** Renders dead letters: the event, its time, each sink that it failed at with its error, and the commands that resolve it. */
export function failedText({ data, next_cursor: more }: FromJson<EventPage>): string {
  if (!data.length)
    return more ? 'There are none among the newest events. Narrow the filter, for example with --from.' : 'No dead letters.';
  const letters = data.map((event) =>
    [
      `${event.event_id}  ${event.event_type}  ${event.aggregate_type}/${printable(event.aggregate_id)}  ${event.occurred_at}`,
      ...event.deciding_deliveries.map(
        ({ sink, attempts, last_error: error }) =>
          `  ${printable(sink)}: ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}. ${printable(error ?? 'No error recorded.')}`,
      ),
    ].join('\n'),
  );
  return [...letters, '', ...(more ? [`There are more than these ${data.length}: raise --limit.`] : []), HINT].join('\n');
}

/** Renders the newest commands. */
export function commandsText({ data, next_cursor: more }: FromJson<CommandPage>): string {
  if (!data.length) return 'There are no commands.';
  const hint = `There are more than these ${data.length}: raise --limit, or follow next_cursor of GET /admin/outbox/commands.`;
  return [...data.map(commandText), ...(more ? [hint] : [])].join('\n');
}

/** Renders a command and the answer of each sink. */
export function commandText({
  id,
  command,
  status,
  arguments: values,
  asked_by: who,
  asked_at: at,
  reason,
  sinks,
}: Command): string {
  const given = JSON.stringify(values); // can be any JSON value if SQL inserted the command
  const what = given === '{}' ? '' : `  ${printable(given)}`;
  return [
    `${id}  ${command}  ${status}  by ${printable(who)} at ${at}${what}${reason === null ? '' : `  because: ${printable(reason)}`}`,
    ...sinks.map((answer) => `  ${answerText(answer)}`),
  ].join('\n');
}

export function answerText({ sink, status, answer, progress }: Command['sinks'][number]): string {
  if (answer?.outcome === 'refused' || answer?.outcome === 'failed')
    return `${sink}: ${answer.outcome}. ${printable(answer.reason)}`;
  const result = Object.entries(answer ?? progress ?? {}).flatMap(([name, value]) => resultText(name, value));
  const hint = status === 'pending' ? 'no leader has started it yet: npm run outbox -- status' : result.join(', ');
  return `${sink}: ${status}${hint ? `  ${hint}` : ''}`;
}

/** Renders one field of a result. Empty: the field says nothing to the user. */
function resultText(name: string, value: unknown): string[] {
  const text = printable(value);
  const isOne = value === 1;
  switch (name) {
    case 'outcome':
      return [];
    case 'dry_run':
      return value === true ? ['counted only'] : [];
    case 'unchanged':
      return ['it already had this state'];
    case 'was':
      return [`the event was ${text}`];
    case 'canceled':
      return value === true ? ['canceled'] : [];
    case 'share':
      return [`${Math.floor(Number(value) * 100)}% of the log read`];
    case 'rate':
      return value === null ? [] : [`at most ${text} per second`];
    case 'started_at':
    case 'start_position':
    case 'position':
    case 'end_position':
      return [];
    case 'matched':
      return [`${text} ${isOne ? 'event matched' : 'events matched'}`];
    case 'dead_letters':
      return [`${text} ${isOne ? 'dead letter' : 'dead letters'}`];
    case 'last_error':
      return value === null ? [] : [`the last error was: ${text}`];
    default:
      return value === null ? [] : [`${text} ${name.replaceAll('_', ' ')}`];
  }
}
