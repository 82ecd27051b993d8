import { Controller, Get, Param } from '@nestjs/common';
import { AuditLog } from '@pikaia/audit';
import { EventLog, type EventScope } from '@pikaia/events';
import { join } from 'node:path';
import { ApiSettings } from '../api.settings.js';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { IdPipe } from '../server/id.pipe.js';
import { CorrelationView } from './correlation.views.js';
import { adminPath, listedEntry, listedEvent, listedReceipt } from './listed.js';
import { findLogLines, type LogLine } from './log-lines.js';
import { readScopeOf } from './scope.js';
import { timelineOf, type TimelineEntry } from './timeline.js';
import { findWebhooks } from './webhook-trail.js';

const MAX_ENTRIES = 100; // of each kind, of one correlation id

/** A kind of entries of which the timeline does not show all. */
interface TruncatedKind {
  readonly kind: TimelineEntry['kind'];
  /** The number of entries of this kind in the timeline. */
  readonly shown: number;
  /** The path of the next page of entries of this kind. Null if no list continues the timeline. */
  readonly next: string | null;
  /** Which entries the timeline shows, and where the others are. */
  readonly hint: string;
}

const FIRST_LINES = 'The timeline shows the first lines of the log files. Search the files for the others.';
const NEWEST = 'The timeline shows the newest. The next page has older ones.';
const NEWEST_WEBHOOKS = 'The timeline shows the newest. The list of deliveries of each endpoint shows the others.';
const NEWEST_OF_EACH = `The timeline shows the newest of each event. GET ${adminPath('events/<event id>')} shows more of one event.`;

/** Answers: why did this request fail? Lists everything with one correlation id, in chronological order. */
@Controller('admin/correlations')
@AllowedTo('admin', 'operator')
export class CorrelationsController {
  constructor(
    private readonly eventLog: EventLog,
    private readonly auditLog: AuditLog,
    private readonly settings: ApiSettings,
  ) {}

  @Get(':id')
  @Endpoint({
    summary: 'Show everything with one correlation id',
    description: 'Log lines are present only in development. Admins see what belongs to their organization.',
    path: { id: 'The correlation id.' },
    responses: { 200: CorrelationView },
  })
  async get(@CurrentIdentity() identity: Identity, @Param('id', IdPipe) id: string) {
    const request = { filter: { correlation_id: id }, limit: MAX_ENTRIES, scope: readScopeOf(identity) };
    const [events, audit, logs, webhooks] = await Promise.all([
      this.eventLog.findWithHistory(request),
      this.auditLog.find(request),
      findLogLines(join(this.settings.varDirectory, 'log'), id, (line) => isVisible(line, request.scope)),
      findWebhooks(id, request.scope, MAX_ENTRIES),
    ]);
    const { failed_attempts: attempts, receipts } = events;
    const truncated: TruncatedKind[] = [
      { kind: 'log' as const, shown: logs.lines.length, isCut: logs.truncated, next: null, hint: FIRST_LINES },
      ...[
        { kind: 'event' as const, page: events, list: 'events' },
        { kind: 'audit' as const, page: audit, list: 'audit-logs' },
      ].map(({ kind, page: { data, next_cursor: cursor }, list }) => ({
        kind,
        shown: data.length,
        isCut: cursor !== null,
        next: cursor && adminPath(`${list}?${new URLSearchParams({ correlation_id: id, limit: String(MAX_ENTRIES), cursor })}`),
        hint: NEWEST,
      })),
      { kind: 'attempt' as const, shown: attempts.data.length, isCut: attempts.truncated, next: null, hint: NEWEST_OF_EACH },
      { kind: 'receipt' as const, shown: receipts.data.length, isCut: receipts.truncated, next: null, hint: NEWEST_OF_EACH },
      ...[
        { kind: 'webhook' as const, found: webhooks.deliveries },
        { kind: 'webhook_attempt' as const, found: webhooks.attempts },
      ].map(({ kind, found: { data, truncated: isCut } }) => ({
        kind,
        shown: data.length,
        isCut,
        next: null,
        hint: NEWEST_WEBHOOKS,
      })),
    ].flatMap(({ isCut, ...kind }) => (isCut ? [kind] : []));
    const entries = timelineOf({
      logs: events.mask(logs.lines),
      events: events.data.map(listedEvent),
      attempts: attempts.data,
      receipts: receipts.data.map(listedReceipt),
      audit: events.mask(audit.data).map(listedEntry),
      webhooks: webhooks.deliveries.data,
      webhookAttempts: webhooks.attempts.data,
    });
    return { correlation_id: id, entries, truncated };
  }
}

const isVisible = (line: LogLine, scope: EventScope): boolean =>
  'operator' in scope || line['organization.id'] === scope.organization;
