import { requestsOf } from './request.text.mjs';
import { milliseconds, shown } from './value.text.mjs';

/** The questions that a trail answers, with their answers: `{ question, answer, good }`. */
export function answersOf(entries, context) {
  return [failureAnswer(entries), changesAnswer(entries), ...deliveryAnswers(entries, context)];
}

function failureAnswer(entries) {
  const question = 'Why did this request fail?';
  const requests = requestsOf(entries);
  const why = reasonOf(entries);
  const bad = requests.find(({ status }) => status >= 400);
  if (bad) {
    const { event, 'http.status_code': status } = bad.line;
    const how =
      event === 'request_aborted'
        ? 'The client disconnected before the response was complete.'
        : `It ${status >= 500 ? 'failed' : 'was refused'} with ${status}.`;
    return { question, answer: `${how}${why || ' The response body contains the reason.'}`, good: false };
  }
  if (requests.length)
    return { question, answer: `It did not fail: ${requests.map(({ status }) => status).join(', ')}.`, good: true };
  return { question, answer: `The request is still running, or its log lines no longer exist.${why}`, good: false };
}

/** The reason from the log lines of the request: the last error, else the refusal, else the last warning. */
function reasonOf(entries) {
  const lines = entries.filter(({ kind, consumer }) => kind === 'log' && consumer === undefined);
  const error = lines.findLast((line) => line['error.kind']);
  if (error) return ` ${error.event}: ${shown(error['error.message'])}${error['error.code'] ? ` (${error['error.code']})` : ''}.`;
  const refusal = lines.findLast((line) => line['problem.detail']);
  if (refusal) return ` ${shown(refusal['problem.detail'])}`;
  const warning = lines.findLast(({ level }) => level === 'WARNING');
  return warning ? ` ${warning.event}.` : '';
}

function changesAnswer(entries) {
  const question = 'What did this user do?';
  const records = entries.filter(({ kind }) => kind === 'audit');
  if (!records.length) return { question, answer: 'Changed nothing: there is no audit entry.', good: true };
  const describeChange = ({ actor_email: email, actor_id: id, action, aggregate_type: type, aggregate_id: aggregateId }) =>
    `${shown(email ?? id)}: ${action} (${shown(`${type} ${aggregateId}`)})`;
  return { question, answer: `${records.map(describeChange).join('; ')}.`, good: true };
}

function deliveryAnswers(entries, context) {
  const events = entries.filter(({ kind }) => kind === 'event');
  if (!events.length)
    return [
      { question: 'Did the welcome email send?', answer: 'There was no email to send: no event was published.', good: true },
    ];
  return events.map((event) =>
    event.event_type === 'member.invited' ? welcomeEmailAnswer(event, entries, context) : deliveryAnswer(event),
  );
}

function welcomeEmailAnswer(event, entries, { emailFileOf }) {
  const question = 'Did the welcome email send?';
  const receipt = entries.find(
    ({ kind, consumer, event_id: id, state }) =>
      kind === 'receipt' && consumer === 'welcome-email' && id === event.event_id && state === 'done',
  );
  if (!receipt) return { ...deliveryAnswer(event), question };
  const committed = entries.find(
    ({ kind, event: name, time }) => kind === 'log' && name === 'audit_recorded' && Date.parse(time) <= Date.parse(receipt.time),
  );
  const [since, what] = committed ? [committed.time, 'the commit'] : [event.time, 'the event was recorded'];
  const emailFile = emailFileOf(event.event_id);
  const after = milliseconds(Date.parse(receipt.time) - Date.parse(since));
  return { question, answer: `Yes, ${after} after ${what}${emailFile ? ` (${emailFile})` : ''}.`, good: true };
}

function deliveryAnswer(event) {
  const question = `Was ${event.event_type} delivered?`;
  const { status, attempts, last_error: error } = event;
  const times = `after ${attempts} failed ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const last = error ? ` Last error: ${shown(error)}` : '';
  const answers = {
    published: 'Yes, to all sinks.',
    pending: 'Not yet: no worker has sent it. Check that the worker runs.',
    retrying: `Not yet: it will be retried ${times}.${last}`,
    waiting: 'Not yet: it waits for an earlier event of the same aggregate.',
    failed: `No: it is a dead letter ${times}.${last}`,
    skipped: 'No: an operator skipped it.',
  };
  return { question, answer: answers[status] ?? `Its status is ${status}.`, good: status === 'published' };
}
