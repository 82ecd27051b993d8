import { answersOf } from './answers.text.mjs';
import { entryText } from './entry.text.mjs';
import { requestsOf, requestText } from './request.text.mjs';
import { painter, PLAIN, wrap, wrapDetails } from './terminal.mjs';
import { milliseconds } from './value.text.mjs';

const NAMES_AT_MOST = 28; // columns for the names of entries

/**
 * The trail of one correlation id, for a person: what the request was, what it left behind in order of time, and the
 * answers to the three questions.
 *
 * @param trail as the API gives it: `{ correlation_id, entries }`, with at least one entry.
 * @param place `seenAs`: a line that says whose view it is; `relative(path)`: how to show the path of a file;
 *   `letterOf(eventId)`: the path of the e-mail that the event became, or undefined.
 * @param terminal `{ colour, columns }`; without columns nothing is wrapped.
 */
export function timelineText({ correlation_id: id, entries }, place, terminal = PLAIN) {
  const paint = painter(terminal);
  const requests = requestsOf(entries);
  const zero = Math.min(Date.parse(entries[0].time), ...requests.map(({ startedAt }) => startedAt));
  return [
    '',
    ...requests.flatMap((request) => header(requestText(request), paint)),
    ...(requests.length
      ? []
      : [paint('bold', 'No access line: the request is running, was cut off, or its log lines are gone.')]),
    paint('gray', `${new Date(zero).toISOString().replace('T', ' ').replace('Z', ' UTC')}  ${id}`),
    ...(place.seenAs ? [paint('gray', place.seenAs)] : []),
    '',
    ...lines(entries, zero, place, terminal),
    '',
    ...answers(answersOf(entries, place), terminal),
    '',
  ].join('\n');
}

const header = ({ what, end, failed, who }, paint) => [`${paint('bold', what)}  ${paint(failed ? 'red' : 'green', end)}`, who];

function lines(entries, zero, place, terminal) {
  const paint = painter(terminal);
  const texts = entries.map((entry) => ({ ...entryText(entry, place), at: `+${milliseconds(Date.parse(entry.time) - zero)}` }));
  const widest = (of) => Math.max(...texts.map((text) => of(text).length));
  const [times, kinds, names] = [
    widest(({ at }) => at),
    widest(({ kind }) => kind),
    Math.min(
      NAMES_AT_MOST,
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
