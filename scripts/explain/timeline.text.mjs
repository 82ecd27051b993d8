import { answersOf } from './answers.text.mjs';
import { entryText } from './entry.text.mjs';
import { requestsOf, requestText } from './request.text.mjs';
import { painter, PLAIN, wrap, wrapDetails } from './terminal.mjs';
import { milliseconds } from './value.text.mjs';

const MAX_NAME_COLUMNS = 28;

/**
 * Renders the trail of one correlation ID: the request, the entries in order of time, and the answers to common questions.
 *
 * @param trail the response of the API: `{ correlation_id, entries }`, with at least one entry.
 * @param context `seenAs`: a line that says which user's view this is; `relativePath(path)`: shortens the path of a file;
 *   `emailFileOf(eventId)`: the path of the email that the event caused, or undefined.
 * @param terminal `{ colour, columns }`; without `columns` lines are not wrapped.
 */
export function timelineText({ correlation_id: id, entries }, context, terminal = PLAIN) {
  const paint = painter(terminal);
  const requests = requestsOf(entries);
  const startedAtMs = Math.min(Date.parse(entries[0].time), ...requests.map(({ startedAt }) => startedAt));
  return [
    '',
    ...requests.flatMap((request) => header(requestText(request), paint)),
    ...(requests.length
      ? []
      : [paint('bold', 'No access line: the request is still running, was cut off, or its log lines no longer exist.')]),
    paint('gray', `${new Date(startedAtMs).toISOString().replace('T', ' ').replace('Z', ' UTC')}  ${id}`),
    ...(context.seenAs ? [paint('gray', context.seenAs)] : []),
    '',
    ...lines(entries, startedAtMs, context, terminal),
    '',
    ...answers(answersOf(entries, context), terminal),
    '',
  ].join('\n');
}

const header = ({ what, end, failed, who }, paint) => [`${paint('bold', what)}  ${paint(failed ? 'red' : 'green', end)}`, who];

function lines(entries, startedAtMs, context, terminal) {
  const paint = painter(terminal);
  const texts = entries.map((entry) => ({
    ...entryText(entry, context),
    at: `+${milliseconds(Date.parse(entry.time) - startedAtMs)}`,
  }));
  const widest = (of) => Math.max(...texts.map((text) => of(text).length));
  const [times, kinds, names] = [
    widest(({ at }) => at),
    widest(({ kind }) => kind),
    Math.min(
      MAX_NAME_COLUMNS,
      widest(({ name }) => name),
    ),
  ];
  const indent = times + kinds + names + 8;
  return texts.flatMap(({ at, symbol, style, kind, name, details }) => {
    const [first = '', ...rest] = wrapDetails(details, terminal.columns && Math.max(20, terminal.columns - indent - 1));
    const head = `${paint('gray', at.padStart(times))}  ${paint(style, `${symbol} ${kind.padEnd(kinds)}`)}  ${paint('bold', name.padEnd(names))}`;
    return [`${head}  ${first}`.trimEnd(), ...rest.map((text) => ' '.repeat(indent) + text)];
  });
}

function answers(found, terminal) {
  const paint = painter(terminal);
  const widest = Math.max(...found.map(({ question }) => question.length));
  return found.flatMap(({ question, answer, good }) => {
    const [first, ...rest] = wrap(answer, terminal.columns && Math.max(20, terminal.columns - widest - 3));
    return [
      `${question.padEnd(widest)}  ${paint(good ? 'green' : 'red', first)}`,
      ...rest.map((text) => ' '.repeat(widest + 2) + paint(good ? 'green' : 'red', text)),
    ];
  });
}
