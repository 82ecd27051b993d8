import { attemptResult, errorMessage, failedAttempts } from './entry.text.ts';
import { requestsOf, type EventEntry, type TrailContext, type TrailEntry, type WebhookEntry } from './trail.ts';
import { milliseconds, personText, shown } from './value.text.ts';

export interface Answer {
  readonly question: string;
  readonly answer: string;
  readonly good: boolean;
}

const CLIENT_DISCONNECTED = 499; // docs/log-fields.md

/** The questions that a trail answers, with their answers. */
export function answersOf(entries: readonly TrailEntry[], context: TrailContext): Answer[] {
  return [failureAnswer(entries), changesAnswer(entries), ...deliveryAnswers(entries, context), ...webhookAnswers(entries)];
}

function failureAnswer(entries: readonly TrailEntry[]): Answer {
  const question = 'Why did this request fail?';
  const requests = requestsOf(entries);
  const why = reasonOf(entries);
  const bad = requests.find(({ status }) => status >= 400);
  if (bad) {
    const { status } = bad;
    const how =
      status === CLIENT_DISCONNECTED
        ? 'The client disconnected before the response was complete.'
        : `It ${status >= 500 ? 'failed' : 'was refused'} with ${status}.`;
    return { question, answer: `${how}${why || ' The response body contains the reason.'}`, good: false };
  }
  if (requests.length)
    return { question, answer: `It did not fail: ${requests.map(({ status }) => status).join(', ')}.`, good: true };
  return { question, answer: `The request is still running, or its log lines no longer exist.${why}`, good: false };
}

/** The reason from the log lines of the request: the last error, else the refusal, else the last warning. */
function reasonOf(entries: readonly TrailEntry[]): string {
  const lines = entries.filter((entry) => entry.kind === 'log').filter(({ consumer }) => consumer === undefined);
  const error = lines.findLast((line) => line['error.kind']);
  if (error) return ` ${error.event}: ${errorMessage(error)}.`;
  const refusal = lines.findLast((line) => line['problem.detail']);
  if (refusal) return ` ${shown(refusal['problem.detail'])}`;
  const warning = lines.findLast(({ level }) => level === 'WARNING');
  return warning ? ` ${warning.event}.` : '';
}

function changesAnswer(entries: readonly TrailEntry[]): Answer {
  const question = 'What did this user do?';
  const recorded = entries.filter((entry) => entry.kind === 'audit');
  const ofPeople = recorded.filter(({ actor_type: type }) => type !== 'system');
  const changes = (ofPeople.length ? ofPeople : recorded).map(
    ({ actor_email: email, actor_id: id, action, aggregate_type: type, aggregate_id: aggregateId }) =>
      `${personText(email, id)}: ${action} (${shown(`${type} ${aggregateId}`)})`,
  );
  if (!changes.length) return { question, answer: 'Changed nothing: there is no audit entry.', good: true };
  return { question, answer: `${changes.join('; ')}.`, good: true };
}

function deliveryAnswers(entries: readonly TrailEntry[], context: TrailContext): Answer[] {
  const events = entries.filter((entry) => entry.kind === 'event');
  if (!events.length)
    return [
      { question: 'Was the welcome email sent?', answer: 'There was no email to send: no event was published.', good: true },
    ];
  return events.map((event) =>
    event.event_type === 'member.invited' ? welcomeEmailAnswer(event, entries, context) : deliveryAnswer(event),
  );
}

function welcomeEmailAnswer(event: EventEntry, entries: readonly TrailEntry[], { emailFileOf }: TrailContext): Answer {
  const question = 'Was the welcome email sent?';
  const receipt = entries
    .filter((entry) => entry.kind === 'receipt')
    .find(({ consumer, event_id: id, state }) => consumer === 'welcome-email' && id === event.event_id && state === 'done');
  if (!receipt) return { ...deliveryAnswer(event), question };
  // Both times are of the clock of the database. An older API does not send `recorded_at`.
  const since = event.recorded_at ?? event.time;
  const emailFile = emailFileOf(event.event_id);
  const after = milliseconds(Date.parse(receipt.time) - Date.parse(since));
  return { question, answer: `Yes, ${after} after the event was recorded${emailFile ? ` (${emailFile})` : ''}.`, good: true };
}

function deliveryAnswer(event: EventEntry): Answer {
  const question = `Was ${event.event_type} delivered?`;
  const { status, last_error: error } = event;
  const times = `after ${failedAttempts(event)}`;
  const last = error ? ` Last error: ${shown(error)}` : '';
  const answers: Readonly<Record<string, string>> = {
    published: 'Yes, to all sinks.',
    pending: 'Not yet: no worker has sent it. Check that the worker runs.',
    retrying: `Not yet: it will be retried ${times}.${last}`,
    waiting: 'Not yet: it waits for an earlier event of the same aggregate.',
    failed: `No: it is a dead letter ${times}.${last}`,
    skipped: 'No: an operator skipped it.',
  };
  return { question, answer: answers[status] ?? `Its status is ${status}.`, good: status === 'published' };
}

/** One answer for each webhook endpoint that gets an event of the trail. */
function webhookAnswers(entries: readonly TrailEntry[]): Answer[] {
  const attempts = entries.filter((entry) => entry.kind === 'webhook_attempt');
  return entries
    .filter((entry) => entry.kind === 'webhook')
    .map((webhook) => {
      const last = attempts.findLast(({ delivery_id: id }) => id === webhook.delivery_id);
      return webhookAnswer(webhook, last ? ` Last attempt: ${attemptResult(last)}` : '');
    });
}

function webhookAnswer({ event_type: type, endpoint_id: endpoint, status, ...delivery }: WebhookEntry, last: string): Answer {
  const { attempt_count: count, next_attempt_at: next } = delivery;
  const answers: Readonly<Record<string, string>> = {
    delivered: `Yes, at attempt ${count}.`,
    pending: count === 0 ? 'Not yet: no attempt has a result.' : `Not yet: the next attempt is at ${shown(next)}.${last}`,
    failed:
      count === 0
        ? 'No: the endpoint was disabled before.'
        : `No: it failed after ${count} ${count === 1 ? 'attempt' : 'attempts'}.${last}`,
    canceled: `No: the endpoint or its organization was deleted.${last}`,
  };
  const question = `Did the webhook ${shown(type)} arrive at endpoint ${shown(endpoint)}?`;
  return { question, answer: answers[status] ?? `Its status is ${shown(status)}.`, good: status === 'delivered' };
}
