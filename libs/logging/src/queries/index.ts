import { LogField } from '../record/log-fields.js';
import { field, logQuery } from './log-query.js';

export { renderLogQuery, type LogQuery } from './log-query.js';

const F = Object.fromEntries(Object.entries(LogField).map(([key, name]) => [key, field(name)])) as Record<
  keyof typeof LogField,
  string
>;

/** The events in the queries. A test compares them with docs/log-events.md. */
const EVENT = {
  completed: 'request_completed',
  failed: 'request_failed',
  aborted: 'request_aborted',
  slowQuery: 'database_query_slow',
  audited: 'audit_recorded',
  invited: 'member_invite_started',
  welcomed: 'welcome_email_sent',
  webhooks: ['webhook_processed', 'webhook_refused', 'webhook_failed'],
} as const;

const isOneOf = (name: string, values: readonly string[]): string =>
  `${name} in [${values.map((value) => `"${value}"`).join(', ')}]`;
const is = (name: string, value: string): string => `${name} = "${value}"`;
const requests = isOneOf(F.event, [EVENT.completed, EVENT.failed, EVENT.aborted]);
const failures = isOneOf(F.level, ['ERROR', 'CRITICAL']);
const milliseconds = (nanoseconds: string, as: string): string => `${nanoseconds} / 1000000 as ${as}`;
const SLOW_NS = 1_000_000_000;

/**
 * Saved queries in the language of CloudWatch Logs Insights, for the log groups of api and worker. They use the fields of
 * LogField. A test runs each query over the lines of a real system.
 */
export const logQueries = {
  byCorrelationId: logQuery(
    'requests/by correlation id',
    'Why did this request fail? Shows every line of the request and of the consumers that handled its events.',
    [
      `fields @timestamp, ${F.service}, ${F.level}, ${F.event}, ${F.errorMessage}, @message`,
      `filter ${is(F.traceId, '<correlation id>')}`,
      'sort @timestamp asc',
    ],
  ),
  slowRequests: logQuery('requests/slow', 'Which requests took more than a second, and how much of that in the database?', [
    `fields @timestamp, ${F.traceId}, ${F.method}, ${F.path}, ${milliseconds(F.duration, 'took')}, ${F.queryCount}, ${milliseconds(F.queryDuration, 'inDatabase')}`,
    `filter ${requests} and ${F.duration} > ${SLOW_NS}`,
    `sort ${F.duration} desc`,
    'limit 20',
  ]),
  slowRoutes: logQuery('requests/slow routes', 'Which routes are slow at the median and at the 99th percentile?', [
    `filter ${requests}`,
    `stats count(*) as requests, pct(${F.duration}, 50) / 1000000 as median, pct(${F.duration}, 99) / 1000000 as p99, max(${F.queryCount}) as mostQueries by ${F.method}, ${F.route}`,
    'sort p99 desc',
  ]),
  volume: logQuery('requests/volume by endpoint', 'How many requests does each endpoint get?', [
    `filter ${requests}`,
    `stats count(*) as requests by ${F.path}`,
    'sort requests desc',
  ]),
  overTime: logQuery('requests/over time', 'How many requests were there in each five minutes?', [
    `filter ${requests}`,
    `stats count(*) as requests, max(${F.statusCode}) as worst by bin(5m)`,
  ]),
  aborted: logQuery('requests/aborted', 'Which endpoints do clients abort, and after how long?', [
    `filter ${is(F.event, EVENT.aborted)}`,
    `stats count(*) as aborted, avg(${F.duration}) / 1000000 as waited by ${F.method}, ${F.path}`,
    'sort aborted desc',
  ]),
  errors: logQuery('errors/latest', 'Which errors occurred in this period?', [
    `fields @timestamp, ${F.service}, ${F.traceId}, ${F.event}, ${F.errorKind}, ${F.errorMessage}`,
    `filter ${failures}`,
    'sort @timestamp desc',
    'limit 100',
  ]),
  errorsByEvent: logQuery('errors/by event', 'Which kinds of errors occurred, how often, and what is an example of each?', [
    `filter ${failures}`,
    `stats count(*) as errors, latest(@timestamp) as last, latest(${F.traceId}) as example by ${F.service}, ${F.event}, ${F.errorKind}`,
    'sort errors desc',
  ]),
  errorsOfUser: logQuery('errors/of a user', 'Which errors did this user get?', [
    `fields @timestamp, ${F.traceId}, ${F.event}, ${F.errorMessage}, @message`,
    `filter ${is(F.userId, '<user id>')} and ${failures}`,
    'sort @timestamp desc',
  ]),
  errorsOfOrganization: logQuery('errors/of an organization', 'Which errors did this organization get?', [
    `fields @timestamp, ${F.traceId}, ${F.userEmail}, ${F.event}, ${F.path}, ${F.errorKind}, ${F.errorMessage}`,
    `filter ${is(F.organizationId, '<organization id>')} and ${failures}`,
    'sort @timestamp desc',
  ]),
  actionsOfUser: logQuery(
    'people/what a user did',
    'What did this user do? The audit log keeps this longer, and with the changes.',
    [
      `fields @timestamp, ${F.traceId}, ${F.event}, ${field('audit.action')}, ${F.method}, ${F.path}, ${F.statusCode}`,
      `filter ${is(F.userEmail, '<e-mail>')} and (${requests} or ${is(F.event, EVENT.audited)})`,
      'sort @timestamp asc',
    ],
  ),
  welcomeEmail: logQuery(
    'people/welcome email',
    'Was the welcome email sent? The address finds the invitation. Its correlation id finds the email, because lines of consumers mask personal data.',
    [
      `fields @timestamp, ${F.traceId}, ${F.event}, ${field('message.id')}`,
      `filter (${is(F.event, EVENT.invited)} and email = "<e-mail>") or (${is(F.event, EVENT.welcomed)} and ${is(F.traceId, '<correlation id>')})`,
      'sort @timestamp asc',
    ],
  ),
  webhooks: logQuery(
    'webhooks/latest',
    'Which webhooks of providers arrived, and was each one handled, ignored, refused or not handled because of an error?',
    [
      `fields @timestamp, ${field('webhook.source')}, ${F.event}, ${field('webhook.outcome')}, ${field('webhook.reason')}, ${field('webhook.type')}, ${field('webhook.id')}, ${F.clientAddress}, ${F.traceId}`,
      `filter ${isOneOf(F.event, EVENT.webhooks)}`,
      'sort @timestamp desc',
      'limit 200',
    ],
  ),
  slowQueries: logQuery('database/slow queries', 'Which statements are slow, how often, and what is an example of each?', [
    `filter ${is(F.event, EVENT.slowQuery)}`,
    `stats count(*) as times, max(${F.duration}) / 1000000 as worst, latest(${F.traceId}) as example by ${F.operation}, ${F.statement}`,
    'sort worst desc',
  ]),
} as const;
