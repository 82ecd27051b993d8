import { durationText } from '../../components/duration-text.js';
import { countText } from '../../components/count-text.js';
import {
  endpointName,
  isAccessLine,
  NANOSECONDS,
  type Entry,
  type LogEntry,
  type TimelineRow,
  type WebhookEntry,
} from './entries.js';

export interface Answer {
  readonly question: string;
  readonly answer: string;
  readonly tone: TimelineRow['tone'];
}

const CLIENT_DISCONNECTED = 499; // docs/log-fields.md

/** Answers the questions of a person who looks at one request, from its entries. */
export function answersOf(rows: readonly TimelineRow[]): Answer[] {
  const entries = rows.map(({ entry }) => entry);
  return [failureAnswer(rows, entries), changesAnswer(entries), ...deliveryAnswers(entries), ...webhookAnswers(entries)];
}

/** The first line of the page: the request, or the first event. */
export function headlineOf(entries: readonly Entry[]): string {
  const line = entries.find(isAccessLine);
  if (line) return `${String(line['http.method'])} ${String(line['http.url_details.path'])}`;
  const event = entries.find((entry) => entry.kind === 'event');
  return event?.event_type ?? 'Timeline';
}

/** The status of the response, unless the rows have none or several requests. */
export function statusOf(rows: readonly TimelineRow[]): number | undefined {
  const requests = rows.map(({ entry }) => entry).filter(isAccessLine);
  return requests.length === 1 ? statusOfLine(requests[0]!) : undefined;
}

function failureAnswer(rows: readonly TimelineRow[], entries: readonly Entry[]): Answer {
  const question = 'Why did this request fail?';
  const requests = entries.filter(isAccessLine);
  const bad = requests.find((line) => statusOfLine(line) >= 400);
  const reason = reasonOf(rows);
  if (bad) {
    const status = statusOfLine(bad);
    const answer =
      status === CLIENT_DISCONNECTED
        ? `The client disconnected before the response was complete. ${reason ?? ''}`.trim()
        : `It ${status >= 500 ? 'failed' : 'was refused'} with ${status}. ${reason ?? 'The body of the response contains the reason.'}`;
    return { question, answer, tone: 'bad' };
  }
  const [request] = requests;
  if (request) {
    const duration = durationText(Number(request['duration'] ?? 0) / NANOSECONDS);
    return { question, answer: `It did not fail: ${requests.map(statusOfLine).join(', ')}, in ${duration}.`, tone: 'good' };
  }
  return { question, answer: `There is no log line that ends the request. ${reason ?? ''}`.trim(), tone: 'neutral' };
}

const statusOfLine = (line: LogEntry): number => Number(line['http.status_code'] ?? 0);

/** The last error of the request itself. Errors of consumers come later and are not its reason. */
function reasonOf(rows: readonly TimelineRow[]): string | undefined {
  const row = rows.findLast(
    ({ entry, error }) => error && entry.kind === 'log' && entry['consumer'] === undefined && entry['sink'] === undefined,
  );
  return row && `${row.title}: ${row.error!.message}`;
}

function changesAnswer(entries: readonly Entry[]): Answer {
  const changes = entries.filter((entry) => entry.kind === 'audit');
  const answer = changes.length
    ? changes.map(({ actor_email: email, actor_id: id, action }) => `${email ?? id}: ${action}`).join('; ')
    : 'Nothing: there is no audit entry.';
  return { question: 'What did this user do?', answer, tone: 'neutral' };
}

const OUTCOMES: Readonly<Record<string, readonly [answer: string, tone: Answer['tone']]>> = {
  published: ['Yes, to all sinks.', 'good'],
  pending: ['Not yet: no worker has sent it.', 'neutral'],
  retrying: ['Not yet: it is retried.', 'warn'],
  waiting: ['Not yet: it waits for an earlier event of the same object.', 'warn'],
  failed: ['No: it is a dead letter.', 'bad'],
  skipped: ['No: an operator skipped it.', 'neutral'],
  not_wanted: ['No: no sink wants its type.', 'neutral'],
};

function deliveryAnswers(entries: readonly Entry[]): Answer[] {
  return entries
    .filter((entry) => entry.kind === 'event')
    .map((event) => {
      const consumers = entries.flatMap((entry) =>
        entry.kind === 'receipt' && entry.event_id === event.event_id && entry.state === 'done' ? [entry.consumer] : [],
      );
      const [outcome, tone] = OUTCOMES[event.status] ?? [event.status, 'neutral' as const];
      const handled = consumers.length ? ` Handled by ${consumers.join(', ')}.` : '';
      const error = event.status !== 'published' && event.last_error !== null ? ` Last error: ${event.last_error}` : '';
      return { question: `Was ${event.event_type} delivered?`, answer: `${outcome}${handled}${error}`, tone };
    });
}

/** One answer for each webhook endpoint that gets an event of the timeline. */
function webhookAnswers(entries: readonly Entry[]): Answer[] {
  const attempts = entries.filter((entry) => entry.kind === 'webhook_attempt');
  return entries
    .filter((entry) => entry.kind === 'webhook')
    .map((webhook) => {
      const last = attempts.findLast(({ delivery_id: id }) => id === webhook.delivery_id);
      const result = last?.error_code == null ? '' : ` Last attempt: ${last.error_code}: ${last.error ?? ''}`;
      const [answer, tone] = webhookOutcome(webhook, result);
      return { question: `Did the webhook ${webhook.event_type} arrive at ${endpointName(webhook)}?`, answer, tone };
    });
}

function webhookOutcome(webhook: WebhookEntry, last: string): readonly [answer: string, tone: Answer['tone']] {
  const { status, attempt_count: count, next_attempt_at: next } = webhook;
  switch (status) {
    case 'delivered':
      return [`Yes, at attempt ${count}.`, 'good'];
    case 'failed':
      if (count === 0) return ['No: the endpoint was disabled before.', 'bad'];
      return [`No: it failed after ${countText(count, 'attempt')}.${last}`, 'bad'];
    case 'canceled':
      return [`No: the endpoint or its organization was deleted.${last}`, 'neutral'];
    default:
      if (count === 0) return ['Not yet: no attempt has a result.', 'neutral'];
      return [
        `Not yet: the next attempt is at ${next === null ? 'an unknown time' : new Date(next).toLocaleString()}.${last}`,
        'warn',
      ];
  }
}
