import { requestsOf } from './request.text.mjs';
import { milliseconds, shown } from './value.text.mjs';

/** The three questions that the trail answers, in plain words: `{ question, answer, good }`. */
export function answersOf(entries, place) {
  return [failure(entries), deeds(entries), ...deliveries(entries, place)];
}

function failure(entries) {
  const question = 'Why did this request fail?';
  const requests = requestsOf(entries);
  const why = reasonOf(entries);
  const bad = requests.find(({ status }) => status >= 400);
  if (bad) {
    const { event, 'http.status_code': status } = bad.line;
    const how =
      event === 'request_aborted'
        ? 'The client went away before the answer was finished.'
        : `It ${status >= 500 ? 'failed' : 'was refused'} with ${status}.`;
    return { question, answer: `${how}${why || ' The reason is in the answer that the client got.'}`, good: false };
  }
  if (requests.length) return { question, answer: `It did not: ${requests.map(({ status }) => status).join(', ')}.`, good: true };
  return { question, answer: `It has not ended, or its log lines are gone.${why}`, good: false };
}

/** What the request's own lines say: the last error, otherwise the refusal, otherwise the last warning. */
function reasonOf(entries) {
  const lines = entries.filter(({ kind, consumer }) => kind === 'log' && consumer === undefined);
  const error = lines.findLast((line) => line['error.kind']);
  if (error) return ` ${error.event}: ${shown(error['error.message'])}${error['error.code'] ? ` (${error['error.code']})` : ''}.`;
  const refusal = lines.findLast((line) => line['problem.detail']);
  if (refusal) return ` ${shown(refusal['problem.detail'])}`;
  const warning = lines.findLast(({ level }) => level === 'WARNING');
  return warning ? ` ${warning.event}.` : '';
}

function deeds(entries) {
  const question = 'What did this user do?';
  const records = entries.filter(({ kind }) => kind === 'audit');
  if (!records.length) return { question, answer: 'Nothing that changed anything: no audit entry.', good: true };
  const deed = ({ actor_email: email, actor_id: id, action, aggregate_type: type, aggregate_id: about }) =>
    `${shown(email ?? id)}: ${action} (${shown(`${type} ${about}`)})`;
  return { question, answer: `${records.map(deed).join('; ')}.`, good: true };
}

function deliveries(entries, place) {
  const events = entries.filter(({ kind }) => kind === 'event');
  if (!events.length)
    return [{ question: 'Did the welcome email send?', answer: 'There was none to send: no event.', good: true }];
  return events.map((event) => (event.event_type === 'member.invited' ? welcomeEmail(event, entries, place) : delivery(event)));
}

function welcomeEmail(event, entries, { letterOf }) {
  const question = 'Did the welcome email send?';
  const receipt = entries.find(
    ({ kind, consumer, event_id: id, state }) =>
      kind === 'receipt' && consumer === 'welcome-email' && id === event.event_id && state === 'done',
  );
  if (!receipt) return { ...delivery(event), question };
  const committed = entries.find(
    ({ kind, event: name, time }) => kind === 'log' && name === 'audit_recorded' && Date.parse(time) <= Date.parse(receipt.time),
  );
  const [since, what] = committed ? [committed.time, 'the commit'] : [event.time, 'the event was recorded'];
  const letter = letterOf(event.event_id);
  const after = milliseconds(Date.parse(receipt.time) - Date.parse(since));
  return { question, answer: `Yes, ${after} after ${what}${letter ? ` (${letter})` : ''}.`, good: true };
}

function delivery(event) {
  const question = `Did ${event.event_type} go out?`;
  const { status, attempts, last_error: error } = event;
  const times = `after ${attempts} failed ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const last = error ? ` Last error: ${shown(error)}` : '';
  const answers = {
    published: 'Yes, to everyone who handles it.',
    pending: 'Not yet: no worker has handed it over. Is the worker running?',
    retrying: `Not yet: it is tried again, ${times}.${last}`,
    waiting: 'Not yet: it waits for an earlier event of the same aggregate.',
    failed: `No: given up ${times}.${last}`,
    skipped: 'No: somebody has skipped it.',
  };
  return { question, answer: answers[status] ?? `It is ${status}.`, good: status === 'published' };
}
