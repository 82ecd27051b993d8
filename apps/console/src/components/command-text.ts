import type { Schemas } from '../api/client.js';
import { countText } from './count-text.js';

type Command = Schemas['Command'];
type Answer = Command['sinks'][number]['answer'];
type Details = Readonly<Record<string, unknown>>;

const COUNTS = [
  ['matched', 'matched'],
  ['sent', 'sent'],
  ['dead_letters', 'retried'],
  ['skipped', 'skipped by the handler'],
  ['failed', 'failed'],
] as const;

/** The counts of a replay, such as `10 matched, 8 sent`. The number of matches is always named, others only if they are not zero. */
export const countsText = (counts: object): string =>
  COUNTS.flatMap(([name, text]) => {
    const count = (counts as Details)[name];
    if (typeof count !== 'number' || (count === 0 && name !== 'matched')) return [];
    return [`${count.toLocaleString()} ${text}`];
  }).join(', ');

/** Says in a sentence what a sink answered to a command. */
export function answerText(command: Command['command'], answer: Answer): string {
  if (answer === null)
    return command === 'replay' ? 'The replay has not ended.' : 'The worker that leads the sink has not answered yet.';
  const details: Details = answer;
  if (answer.outcome !== 'done') return String(answer.reason ?? 'It gave no reason.');
  switch (command) {
    case 'pause':
      return details['unchanged'] === true ? 'The sink was already paused. Nothing changed.' : 'The sink is paused.';
    case 'resume':
      return details['unchanged'] === true ? 'The sink was already active. Nothing changed.' : 'The sink is active.';
    case 'retire':
      return 'The sink is retired.';
    case 'skip':
      return `The event is skipped. It was ${String(details['was'])}.`;
    case 'drop_type':
      return `The event type is dropped. ${countText(Number(details['skipped']), 'open event')} skipped.`;
    case 'cancel':
      return 'The replay is canceled.';
    case 'replay':
      return `${details['dry_run'] === true ? 'Counted: ' : ''}${countsText(details)}.${details['canceled'] === true ? ' It was canceled.' : ''}`;
  }
}
