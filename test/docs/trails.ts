import type { LogEntry, TrailEntry } from '../../scripts/explain/trail.ts';

/** Example trails in the format of the API, as input of the renderer. */
export const ID = '5f0c6d1e-9d4b-4c1a-8f53-2a1b3c4d5e6f';

const at = (ms: number): string => new Date(Date.UTC(2026, 2, 1, 12) + ms).toISOString();

const log = (ms: number, event: string, fields: object = {}): LogEntry => ({
  timestamp: at(ms),
  level: 'INFO',
  logger: 'spec',
  event,
  trace_id: ID,
  ...fields,
  time: at(ms),
  kind: 'log',
});

const request = (method: string, path: string) => ({
  'usr.email': 'alice@example.com',
  'organization.id': 'o1',
  'http.method': method,
  'http.url_details.path': path,
  'network.client.ip': '192.0.2.7',
});

const invite = { ...request('POST', '/api/v1/members/invitations'), 'http.useragent': 'curl/8.5' };
const member = { aggregate_type: 'member', aggregate_id: 'm1', organization_id: 'o1', correlation_id: ID };

export const invitation: readonly TrailEntry[] = [
  log(10, 'member_invite_started', { ...invite, email: 'frank@example.com' }),
  {
    ...member,
    event_id: 'e1',
    event_type: 'member.invited',
    status: 'published',
    attempts: 0,
    last_error: null,
    recorded_at: at(25),
    time: at(20),
    kind: 'event',
  },
  {
    ...member,
    action: 'member.invited',
    actor_id: 'u1',
    actor_email: 'alice@example.com',
    changed: ['email', 'id', 'joined_at', 'role'],
    diff: { old: null, new: { id: 'm1', role: 'member', email: 'frank@example.com', joined_at: null } },
    time: at(30),
    kind: 'audit',
  },
  log(40, 'audit_recorded', { ...invite, 'audit.action': 'member.invited' }),
  log(50, 'request_completed', { ...invite, 'http.status_code': 201, duration: 50e6 }),
  log(70, 'welcome_email_sent', {
    consumer: 'welcome-email',
    'event.id': 'e1',
    attempt: 1,
    file: '/home/pikaia/var/mail/e1.eml',
  }),
  {
    event_id: 'e1',
    consumer: 'welcome-email',
    state: 'done',
    result: { message_id: '<e1@pikaia.example>' },
    time: at(81),
    kind: 'receipt',
  },
];

const change = request('PATCH', '/api/v1/members/m1');

export const refusedDelivery: readonly TrailEntry[] = [
  {
    ...member,
    event_id: 'e2',
    event_type: 'member.role_changed',
    status: 'retrying',
    attempts: 2,
    last_error: 'no such mailbox',
    deciding_deliveries: [{ sink: 'local/badges' }],
    time: at(10),
    kind: 'event',
  },
  {
    ...member,
    action: 'member.role_changed',
    actor_id: 'u1',
    actor_email: 'alice@example.com',
    changed: ['role', 'password'],
    diff: { old: { role: 'member' }, new: { role: 'admin' } },
    time: at(11),
    kind: 'audit',
  },
  log(20, 'request_completed', { ...change, 'http.status_code': 200, duration: 20e6 }),
  { event_id: 'e2', sink: 'local/badges', error: 'no such mailbox', time: at(1500), kind: 'attempt' },
  log(1500, 'event_refused', {
    level: 'WARNING',
    consumer: 'badges',
    'event.id': 'e2',
    attempt: 1,
    sink: 'local/badges',
    attempts: 1,
    fingerprint: 'f',
    reason: 'no such mailbox',
  }),
];

const receipt = (ms: number, consumer: string, eventId: string): TrailEntry => ({
  event_id: eventId,
  consumer,
  state: 'done',
  result: null,
  time: at(ms),
  kind: 'receipt',
});

const published = (ms: number, id: string, type: string, cause: string | null, consumer?: string): TrailEntry => ({
  ...member,
  event_id: id,
  event_type: type,
  causation_id: cause,
  payload: { actor: consumer === undefined ? null : { id: consumer } },
  status: 'published',
  attempts: 0,
  last_error: null,
  time: at(ms),
  kind: 'event',
});

const recorded = (ms: number, id: string, action: string, consumer: string): TrailEntry => ({
  ...member,
  id,
  action,
  actor_type: 'system',
  actor_id: consumer,
  actor_email: null,
  changed: [],
  diff: { old: null, new: {} },
  time: at(ms),
  kind: 'audit',
});

/** Two consumers handle an event at the same time. One publishes an event, whose consumer publishes another one. */
export const chain: readonly TrailEntry[] = [
  published(10, 'e1', 'member.removed', null),
  log(15, 'domain_event', { 'event.id': 'e1', event_type: 'member.removed' }),
  log(20, 'request_completed', { ...request('DELETE', '/api/v1/members/m1'), 'http.status_code': 204, duration: 20e6 }),
  log(30, 'seat_released', { consumer: 'seats', 'event.id': 'e1', attempt: 1 }),
  log(31, 'access_closed', { consumer: 'access', 'event.id': 'e1', attempt: 1 }),
  published(32, 'e2', 'seat.released', 'e1', 'seats'),
  recorded(33, 'a1', 'seat.released', 'seats'),
  log(34, 'audit_recorded', { consumer: 'seats', 'event.id': 'e1', attempt: 1, 'audit.record_id': 'a1' }),
  receipt(35, 'access', 'e1'),
  receipt(36, 'seats', 'e1'),
  log(50, 'invoice_changed', { consumer: 'billing', 'event.id': 'e2', attempt: 1 }),
  recorded(51, 'a2', 'invoice.changed', 'billing'),
  published(52, 'e3', 'invoice.changed', 'e2', 'billing'),
  receipt(53, 'billing', 'e2'),
];

const webhook = { delivery_id: 'd1', endpoint_id: 'w1', event_id: 'e1' };

/** A webhook that failed once and then arrived, and one that waits. */
export const webhooks: readonly TrailEntry[] = [
  published(10, 'e1', 'member.removed', null),
  {
    ...webhook,
    event_type: 'member.removed',
    status: 'delivered',
    attempt_count: 2,
    next_attempt_at: null,
    time: at(20),
    kind: 'webhook',
  },
  {
    ...webhook,
    number: 1,
    duration_ms: 15_000,
    response_status: null,
    error_code: 'timeout',
    error: 'No response within 15000 ms.',
    time: at(30),
    kind: 'webhook_attempt',
  },
  {
    ...webhook,
    delivery_id: 'd2',
    endpoint_id: 'w2',
    event_type: 'member.removed',
    status: 'pending',
    attempt_count: 0,
    next_attempt_at: at(40),
    time: at(40),
    kind: 'webhook',
  },
  {
    ...webhook,
    number: 2,
    duration_ms: 80,
    response_status: 204,
    error_code: null,
    error: null,
    time: at(20_000),
    kind: 'webhook_attempt',
  },
];

export const withoutAccessLine: readonly TrailEntry[] = [
  log(0, 'payment_failed', { level: 'ERROR', 'error.kind': 'Error', 'error.message': 'boom\u001b[2J', 'error.code': 'E_BOOM' }),
];

export const refusedRequest: readonly TrailEntry[] = [
  log(10, 'member_invite_started', { ...invite, email: 'carol@example.com' }),
  log(20, 'request_refused', { ...invite, 'problem.type': 'conflict', 'problem.detail': 'This person is a member already.' }),
  log(21, 'request_completed', { ...invite, 'http.status_code': 409, duration: 21e6 }),
];
