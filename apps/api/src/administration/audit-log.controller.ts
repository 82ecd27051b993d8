import { Controller, Get, Param, Query } from '@nestjs/common';
import { AuditLog } from '@pikaia/audit';
import { redactValue } from '@pikaia/core';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { IdPipe } from '../server/id.pipe.js';
import { requirePeriod } from '../server/period.js';
import { FindAuditLogsRequest } from './audit-log.requests.js';
import { AuditEntryDetailsView, AuditEntryPage } from './audit-log.views.js';
import { listedEntry } from './listed.js';
import { readScopeOf, requireOwnOrganization } from './scope.js';

/** Answers: what did this user do? Admins see the audit log of their organization, operators see that of all organizations. */
@Controller('admin/audit-logs')
@AllowedTo('admin', 'operator')
export class AuditLogController {
  constructor(private readonly auditLog: AuditLog) {}

  @Get()
  @Endpoint({
    summary: 'List audit entries',
    description: 'Newest first. Admins see the entries of their organization, operators see those of all organizations.',
    responses: { 200: AuditEntryPage },
  })
  async find(@CurrentIdentity() identity: Identity, @Query() { cursor, limit, ...filter }: FindAuditLogsRequest) {
    requirePeriod(filter);
    requireOwnOrganization(identity, filter.organization_id);
    const { data, ...page } = await this.auditLog.find({ filter, cursor, limit, scope: readScopeOf(identity) });
    return { data: redactValue(data).map(listedEntry), ...page };
  }

  @Get(':id')
  @Endpoint({
    summary: 'Show an audit entry',
    path: { id: 'The id of the entry.' },
    responses: { 200: AuditEntryDetailsView },
    problems: ['not-found'],
  })
  async get(@CurrentIdentity() identity: Identity, @Param('id', IdPipe) id: string) {
    const entry = await this.auditLog.get(id, readScopeOf(identity));
    if (!entry) throw Problem.notFound('No audit entry with this id exists.');
    return redactValue(entry);
  }
}
