import { Controller, Get, Query } from '@nestjs/common';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { PageCursor } from '../server/page.cursor.js';
import { PageRequest } from '../server/page.request.js';
import { FailedRequestSource } from './failed-request.source.js';
import { FailedRequestsView } from './failed-requests.views.js';
import { readScopeOf } from './scope.js';

/** Answers: which requests failed, and why? */
@Controller('admin/failed-requests')
@AllowedTo('admin', 'operator')
export class FailedRequestsController {
  constructor(
    private readonly source: FailedRequestSource,
    private readonly cursors: PageCursor,
  ) {}

  @Get()
  @Endpoint({
    summary: 'List requests that failed or were refused',
    description:
      'Requests with a status from 500, and requests that change something with a status from 400, newest first. Only in development: ' +
      'they come from log lines. Admins see the requests of their organization. Operators see all, with personal data masked.',
    responses: { 200: FailedRequestsView },
  })
  async find(@CurrentIdentity() identity: Identity, @Query() { cursor, limit }: PageRequest) {
    const scope = readScopeOf(identity);
    const list = `failed-requests:${JSON.stringify(scope)}`;
    const before = cursor === undefined ? undefined : this.cursors.decode(cursor, list);
    const { next, ...found } = await this.source.find({ scope, before, limit });
    return {
      ...found,
      available: this.source.unavailable === null,
      unavailable_reason: this.source.unavailable,
      next_cursor: next === null ? null : this.cursors.encode(next, list),
    };
  }
}
