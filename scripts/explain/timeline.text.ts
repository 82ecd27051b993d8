import { answersOf, type Answer } from './answers.text.ts';
import { entryText } from './entry.text.ts';
import { painter, PLAIN, printable, wrap, wrapDetails, type Terminal } from './terminal.ts';
import { requestsOf, type Trail, type TrailContext, type TrailEntry, type TrailRequest, type TruncatedKind } from './trail.ts';
import { treeOf } from './tree.ts';
import { milliseconds, personText, shown } from './value.text.ts';

const MAX_NAME_COLUMNS = 28;
const MAX_INDENTS = 8;

type Painter = ReturnType<typeof painter>;

/**
 * Renders the trail of one correlation ID: the request, the entries as a tree of causes, and the answers to common questions.
 *
 * @param trail has at least one entry.
 */
export function timelineText(
  { correlation_id: id, entries, truncated = [] }: Trail,
  context: TrailContext,
  terminal = PLAIN,
): string {
  const paint = painter(terminal);
  const requests = requestsOf(entries);
  const startedAtMs = Math.min(Date.parse(entries[0]!.time), ...requests.map(({ startedAt }) => startedAt));
  return [
    '',
    ...requests.flatMap((request) => requestLines(request, paint)),
    ...(requests.length
      ? []
      : [paint('bold', 'No access line: the request is still running, was cut off, or its log lines no longer exist.')]),
    paint('gray', `${new Date(startedAtMs).toISOString().replace('T', ' ').replace('Z', ' UTC')}  ${id}`),
    ...(context.seenAs ? [paint('gray', context.seenAs)] : []),
    '',
    ...entryLines(entries, startedAtMs, context, terminal),
    '',
    ...truncated.map((kind) => paint('yellow', truncatedText(kind))),
    ...(truncated.length ? [''] : []),
    ...answerLines(answersOf(entries, context), terminal),
    '',
  ].join('\n');
}

/** Says that the timeline does not show all entries of a kind, and where the others are. */
export const truncatedText = ({ kind, shown: count, next, hint }: TruncatedKind): string =>
  `Not complete: there are more than these ${count} entries of the kind ${shown(kind)}. ${printable(hint)}${next ? ` GET ${printable(next)}` : ''}`;

/** Two lines: method, path, status and duration; user, address and client. */
function requestLines({ line, status, durationMs }: TrailRequest, paint: Painter): string[] {
  const what = `${line['http.method']} ${shown(line['http.url_details.path'])}`;
  const by = personText(line['usr.email'], line['usr.id'] ?? 'an anonymous client');
  const agent = line['http.useragent'] === undefined ? '' : `, ${shown(line['http.useragent'])}`;
  return [
    `${paint('bold', what)}  ${paint(status >= 400 ? 'red' : 'green', `${status} in ${milliseconds(durationMs)}`)}`,
    `by ${by}, from ${shown(line['network.client.ip'] ?? 'an unknown address')}${agent}`,
  ];
}

function entryLines(entries: readonly TrailEntry[], startedAtMs: number, context: TrailContext, terminal: Terminal): string[] {
  const paint = painter(terminal);
  const texts = treeOf(entries).map(({ entry, depth }) => {
    const { symbol, kind, details, ...text } = entryText(entry, context);
    const at = `+${milliseconds(Date.parse(entry.time) - startedAtMs)}`;
    const cause = depth === 0 && entry.kind === 'event' && entry.causation_id ? [`caused by ${shown(entry.causation_id)}`] : [];
    const indent = '  '.repeat(Math.min(depth, MAX_INDENTS));
    return { ...text, at, kind: `${indent}${symbol} ${kind}`, details: [...details, ...cause] };
  });
  const widest = (column: 'at' | 'kind' | 'name'): number => Math.max(...texts.map((text) => text[column].length));
  const [times, kinds, names] = [widest('at'), widest('kind'), Math.min(MAX_NAME_COLUMNS, widest('name'))];
  const indent = times + kinds + names + 6;
  return texts.flatMap(({ at, style, kind, name, details }) => {
    const [first = '', ...rest] = wrapDetails(details, terminal.columns && Math.max(20, terminal.columns - indent - 1));
    const head = `${paint('gray', at.padStart(times))}  ${paint(style, kind.padEnd(kinds))}  ${paint('bold', name.padEnd(names))}`;
    return [`${head}  ${first}`.trimEnd(), ...rest.map((text) => ' '.repeat(indent) + text)];
  });
}

function answerLines(answers: readonly Answer[], terminal: Terminal): string[] {
  const paint = painter(terminal);
  const widest = Math.max(...answers.map(({ question }) => question.length));
  return answers.flatMap(({ question, answer, good }) => {
    const [first = '', ...rest] = wrap(answer, terminal.columns && Math.max(20, terminal.columns - widest - 3));
    return [
      `${question.padEnd(widest)}  ${paint(good ? 'green' : 'red', first)}`,
      ...rest.map((text) => ' '.repeat(widest + 2) + paint(good ? 'green' : 'red', text)),
    ];
  });
}
