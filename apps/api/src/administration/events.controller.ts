import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, Query, Res } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { OutboxOperations } from '@pikaia/events';
import type { FastifyReply } from 'fastify';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import { IdPipe } from '../server/id.pipe.js';
import { FindEventsRequest } from './event.requests.js';
import { EventsRepository } from './events.repository.js';
import { following } from './following.js';
import { ReplayEventsRequest, SinkRequest } from './operation.requests.js';
import { operationScopeOf, scopeOf } from './scope.js';

/** Did the welcome email send? Events with their status, over all sinks. */
@Controller('admin/events')
@AllowedTo('admin', 'operator')
export class EventsController {
  constructor(
    private readonly events: EventsRepository,
    private readonly operations: OutboxOperations,
  ) {}

  @Get()
  find(@CurrentIdentity() identity: Identity, @Query() filter: FindEventsRequest) {
    return this.events.find(filter, scopeOf(identity, filter.organization_id));
  }

  @Get(':id')
  async get(@CurrentIdentity() identity: Identity, @Param('id', IdPipe) id: string) {
    const event = await this.events.get(id, scopeOf(identity));
    if (!event) throw Problem.notFound('There is no such event.');
    return event;
  }

  /** All that match, to all sinks or one. Counts only, unless `dry_run` is false. */
  @Post('replay')
  @HttpCode(HttpStatus.ACCEPTED)
  @Audited('events.replay_requested')
  async replayAll(
    @CurrentIdentity() identity: Identity,
    @Body() { filter, dry_run: dryRun, limit, rate, sink }: ReplayEventsRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (!Object.values(filter).some((value) => value !== undefined))
      throw Problem.invalid([{ field: 'filter', message: 'must select something; a time range selects everything in it' }]);
    scopeOf(identity, filter.organization_id);
    const optional = {
      ...(limit !== undefined && { limit }),
      ...(rate !== undefined && { rate }),
      ...(sink !== undefined && { sink }),
    };
    return following(
      reply,
      this.operations.replay({ filter: { ...filter }, dryRun, ...optional, ...operationScopeOf(identity) }),
    );
  }

  /** One event, to the sinks that have had it; its dead letters are tried again. */
  @Post(':id/replay')
  @HttpCode(HttpStatus.ACCEPTED)
  @Audited('event.replay_requested')
  async replay(
    @CurrentIdentity() identity: Identity,
    @Param('id', IdPipe) id: string,
    @Body() { sink }: SinkRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return following(
      reply,
      this.operations.replayOne(id, { ...operationScopeOf(identity), ...(sink !== undefined && { sink }) }),
    );
  }

  /** Gives up the event that heads a blocked aggregate: what waits behind it goes on. */
  @Post(':id/skip')
  @HttpCode(HttpStatus.ACCEPTED)
  @AllowedTo('operator')
  @Audited('event.skip_requested')
  async skip(@Param('id', IdPipe) id: string, @Body() { sink }: SinkRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return following(reply, this.operations.skip(id, sink === undefined ? {} : { sink }));
  }
}
