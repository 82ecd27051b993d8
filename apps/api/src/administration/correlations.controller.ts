import { Controller, Get, Param } from '@nestjs/common';
import { AuditLog } from '@pikaia/audit';
import { EventLog, type EventScope } from '@pikaia/events';
import { join } from 'node:path';
import { ApiSettings } from '../api.settings.js';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { IdPipe } from '../server/id.pipe.js';
import { findLogLines, type LogLine } from './log-lines.js';
import { maskFor } from './mask.js';
import { readScopeOf } from './scope.js';
import { timelineOf } from './timeline.js';

const MAX_ENTRIES = 100; // of events and of audit entries of one correlation id

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
  async get(@CurrentIdentity() identity: Identity, @Param('id', IdPipe) id: string) {
    const request = { filter: { correlation_id: id }, limit: MAX_ENTRIES, scope: readScopeOf(identity) };
    const [{ data: found }, { data: audit }, lines] = await Promise.all([
      this.eventLog.find(request),
      this.auditLog.find(request),
      findLogLines(join(this.settings.varDirectory, 'log'), id),
    ]);
    const [attempts, receipts] = await Promise.all([this.eventLog.attempts(found), this.eventLog.receipts(found)]);
    const events = found.map((event) => maskFor(identity, event));
    const logs = lines.filter((line) => isVisible(line, request.scope));
    return { correlation_id: id, entries: timelineOf({ logs, events, attempts, receipts, audit }) };
  }
}

const isVisible = (line: LogLine, scope: EventScope): boolean =>
  'operator' in scope || line['organization.id'] === scope.organization;
