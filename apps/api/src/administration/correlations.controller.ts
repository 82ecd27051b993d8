import { Controller, Get, Param } from '@nestjs/common';
import { AuditLog } from '@pikaia/audit';
import { join } from 'node:path';
import { ApiSettings } from '../api.settings.js';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { IdPipe } from '../server/id.pipe.js';
import { EventsRepository } from './events.repository.js';
import { findLogLines, type LogLine } from './log-lines.js';
import { auditScopeOf, scopeOf, type Scope } from './scope.js';
import { timelineOf } from './timeline.js';

const MAX_ENTRIES = 100; // of events and of audit entries of one correlation id

/** Answers: why did this request fail? Lists everything with one correlation id, in chronological order. */
@Controller('admin/correlations')
@AllowedTo('admin', 'operator')
export class CorrelationsController {
  constructor(
    private readonly events: EventsRepository,
    private readonly auditLog: AuditLog,
    private readonly settings: ApiSettings,
  ) {}

  @Get(':id')
  async get(@CurrentIdentity() identity: Identity, @Param('id', IdPipe) id: string) {
    const scope = scopeOf(identity);
    const [{ data: events }, audit, lines] = await Promise.all([
      this.events.find({ correlation_id: id, limit: MAX_ENTRIES }, scope),
      this.auditLog.find({ filter: { correlation_id: id }, limit: MAX_ENTRIES, scope: auditScopeOf(identity) }),
      findLogLines(join(this.settings.varDirectory, 'log'), id),
    ]);
    const ids = events.map((event) => event.event_id);
    const [attempts, receipts] = await Promise.all([this.events.attempts(ids), this.events.receipts(ids)]);
    const logs = lines.filter((line) => isVisible(line, scope));
    return { correlation_id: id, entries: timelineOf({ logs, events, attempts, receipts, audit: audit.data }) };
  }
}

const isVisible = (line: LogLine, { organizationId }: Scope): boolean =>
  organizationId === undefined || line['organization.id'] === organizationId;
