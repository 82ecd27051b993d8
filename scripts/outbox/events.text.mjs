import { printable } from '../explain/terminal.mjs';

/** Dead letters for a person: what, since when, why, and what to do about it. */
export function failedText({ data, next_cursor: more }) {
  if (!data.length) return more ? 'None among the newest; narrow the filter, as by --from.' : 'No dead letters.';
  const letters = data.map((event) =>
    [
      `${event.event_id}  ${event.event_type}  ${event.aggregate_type}/${printable(event.aggregate_id)}`,
      `  ${event.occurred_at}, ${event.attempts} attempts: ${printable(event.last_error ?? 'no error was kept')}`,
    ].join('\n'),
  );
  const then = 'Try one again:  npm run outbox -- replay <id>     give it up:  npm run outbox -- skip <id>';
  return [...letters, '', more ? `More than these ${data.length}: raise --limit. ${then}` : then].join('\n');
}

/** A command, and what each sink has answered. */
export function commandText({ id, command, status, arguments: values, asked_by: who, asked_at: at, sinks }) {
  const given = JSON.stringify(values); // of a command that SQL inserted it may be any JSON value
  const what = given === '{}' ? '' : `  ${printable(given)}`;
  return [
    `${id}  ${command}  ${status}  by ${printable(who)} at ${at}${what}`,
    ...sinks.map((answer) => `  ${answerText(answer)}`),
  ].join('\n');
}

export function answerText({ sink, status, answer, progress }) {
  if (answer?.outcome === 'refused' || answer?.outcome === 'failed')
    return `${sink}: ${answer.outcome}. ${printable(answer.reason)}`;
  const details = Object.entries(answer ?? progress ?? {}).filter(([name, value]) => name !== 'outcome' && value !== null);
  const text = details.map(([name, value]) => `${name.replaceAll('_', ' ')} ${printable(value)}`).join(', ');
  const hint = status === 'pending' ? 'no leader has taken it up yet: npm run outbox -- status' : text;
  return `${sink}: ${status}${hint ? `  ${hint}` : ''}`;
}
