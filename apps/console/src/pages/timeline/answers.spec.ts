import { answersOf, headlineOf, statusOf } from './answers.js';
import { rowsOf, type Entry } from './entries.js';
import { timelineText } from './timeline-text.js';

const ID = '019c12f4-7175-7abc-8504-af03c46f1d1b';
const at = (ms: number): string => new Date(Date.UTC(2026, 0, 31, 8, 30, 0, ms)).toISOString();

const line = (ms: number, fields: object): Entry => ({
  kind: 'log',
  time: at(ms),
  level: 'INFO',
  service: 'pikaia-api',
  ...fields,
});
const access = (ms: number, status: number, event = status >= 500 ? 'request_failed' : 'request_completed'): Entry =>
  line(ms, {
    event,
    'http.method': 'POST',
    'http.url_details.path': '/api/v1/members',
    'http.status_code': status,
    duration: 40e6,
  });
const event = (status: string, fields: object = {}): Entry =>
  ({
    kind: 'event',
    time: at(20),
    event_id: ID,
    event_type: 'member.invited',
    aggregate_type: 'member',
    aggregate_id: ID,
    status,
    attempts: 0,
    last_error: null,
    deciding_deliveries: [],
    published_at: null,
    recorded_at: null,
    ...fields,
  }) as unknown as Entry;

const WEBHOOK = { delivery_id: ID, endpoint_id: ID, event_id: ID };
const webhook = (status: string, fields: object): Entry =>
  ({
    kind: 'webhook',
    time: at(30),
    event_type: 'member.invited',
    delivery_kind: 'event',
    status,
    next_attempt_at: null,
    created_at: at(30),
    settled_at: null,
    ...WEBHOOK,
    ...fields,
  }) as unknown as Entry;

const answers = (...entries: Entry[]): string[] =>
  answersOf(rowsOf(entries)).map(({ question, answer }) => `${question} ${answer}`);

describe('the answers of a timeline', () => {
  it('give the reason of a failed request from its last error, and not from a consumer', () => {
    const [failure] = answers(
      line(5, { event: 'first_error', 'error.kind': 'Error', 'error.message': 'one' }),
      line(10, { event: 'unhandled_error', 'error.kind': 'TypeError', 'error.message': 'two' }),
      access(40, 500),
      line(90, { event: 'event_failed', consumer: 'welcome-email', 'error.kind': 'Error', 'error.message': 'three' }),
    );
    expect(failure).toBe('Why did this request fail? It failed with 500. unhandled_error: two');
  });

  it('say why a request was refused, that it succeeded, that the client left, and that its end is unknown', () => {
    expect(answers(line(30, { event: 'request_refused', 'problem.detail': 'No.' }), access(40, 403))[0]).toContain(
      'It was refused with 403. request_refused: No.',
    );
    expect(answers(access(40, 201))[0]).toContain('It did not fail: 201, in 40 ms.');
    expect(answers(access(40, 499, 'request_aborted'))[0]).toMatch(/The client disconnected before the response was complete\.$/);
    expect(answers(access(40, 408, 'request_aborted'))[0]).toContain('It was refused with 408.'); // the body did not arrive in time
    expect(answers(event('pending'))[0]).toContain('There is no log line that ends the request.');
  });

  it.each([
    ['published', {}, 'Yes, to all sinks.'],
    ['pending', {}, 'Not yet: no worker has sent it.'],
    ['retrying', { attempts: 2, last_error: 'the mailbox is full' }, 'Not yet: it is retried. Last error: the mailbox is full'],
    ['failed', { attempts: 9, last_error: 'gone' }, 'No: it is a dead letter. Last error: gone'],
    ['a_new_status', {}, 'a_new_status'],
  ])('say whether an event with the status %s was delivered', (status, fields, answer) => {
    expect(answers(event(status, fields)).at(-1)).toBe(`Was member.invited delivered? ${answer}`);
  });

  it.each([
    ['delivered', { attempt_count: 2 }, 'Yes, at attempt 2.'],
    ['pending', { attempt_count: 0 }, 'Not yet: no attempt has a result.'],
    ['failed', { attempt_count: 1 }, 'No: it failed after 1 attempt. Last attempt: status: The receiver responded 503.'],
    ['failed', { attempt_count: 0 }, 'No: the endpoint was disabled before.'],
    ['canceled', { attempt_count: 0 }, 'No: the endpoint or its organization was deleted.'],
  ])('say whether a webhook with the status %s and %j arrived', (status, fields, answer) => {
    const attempt = { kind: 'webhook_attempt', time: at(40), number: 1, duration_ms: 9, ...WEBHOOK };
    const failed = { ...attempt, response_status: 503, error_code: 'status', error: 'The receiver responded 503.' };
    const entries = [webhook(status, fields), ...(status === 'failed' && fields.attempt_count > 0 ? [failed] : [])] as Entry[];
    expect(answers(...entries).at(-1)).toBe(`Did the webhook member.invited arrive at endpoint ${ID.slice(-8)}? ${answer}`);
    expect(rowsOf(entries)[0]).toMatchObject({ kind: 'webhook', title: 'Webhook member.invited' });
  });

  it('have the request as headline, else the event, and the status of one request', () => {
    expect(headlineOf([event('published'), access(40, 201)])).toBe('POST /api/v1/members');
    expect(headlineOf([event('published')])).toBe('member.invited');
    expect(statusOf(rowsOf([access(40, 201)]))).toBe(201);
    expect(statusOf(rowsOf([access(40, 201), access(90, 404)]))).toBeUndefined();
  });
});

describe('rowsOf', () => {
  it('keeps the keys of entries when new ones appear between them, and gives equal lines different keys', () => {
    const before = [line(5, { event: 'same' }), line(5, { event: 'same' }), access(40, 201)];
    const keys = rowsOf(before).map(({ key }) => key);
    expect(new Set(keys).size).toBe(3);
    const after = rowsOf([before[0]!, event('published'), ...before.slice(1)]).map(({ key }) => key);
    expect(after).toEqual(expect.arrayContaining(keys));
  });

  it('draws a request from its beginning to its end, and an event to its publication', () => {
    const [request, published] = rowsOf([access(40, 201), event('published', { published_at: at(220) })]);
    expect(request!.end - request!.start).toBe(40);
    expect(published!.end - published!.start).toBe(200);
  });

  it('shows lines without the usual fields, as an older or a foreign process writes them', () => {
    expect(
      rowsOf([{ kind: 'log', time: at(0) }, line(1, { event: null, message: 'printed', level: 7, duration: 'x' })]),
    ).toMatchObject([{ title: 'log line', source: 'log' }, { title: 'printed' }]);
  });
});

describe('timelineText', () => {
  it('counts from the beginning of the request, whose line comes after those that it wrote', () => {
    const rows = rowsOf([line(5, { event: 'early' }), access(40, 201)]);
    const text = timelineText(ID, 'POST /api/v1/members', rows, []);
    expect(text).toContain('Began 2026-01-31T08:30:00.000Z');
    expect(text).toMatch(/^\+5 ms +log +early/m);
  });

  it('contains the answers, and each entry with its time after the beginning and its error', () => {
    const rows = rowsOf([access(40, 500), line(45, { event: 'late', 'error.kind': 'Error', 'error.message': 'broken' })]);
    const text = timelineText(ID, 'POST /api/v1/members', rows, answersOf(rows));
    expect(text).toContain(`Correlation id ${ID}\nBegan 2026-01-31T08:30:00.000Z`);
    expect(text).toMatch(/^\+40 ms +log +request_failed {2}\(pikaia-api\) {2}took 40 ms {2}500$/m);
    expect(text).toMatch(/^\+45 ms +log +late .*Error: broken$/m);
  });
});
