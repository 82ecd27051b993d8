import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, Query, Res } from '@nestjs/common';
import { Audited, NotAudited } from '@pikaia/audit';
import { EventLog, OutboxOperations } from '@pikaia/events';
import type { FastifyReply } from 'fastify';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { IdPipe } from '../server/id.pipe.js';
import { requirePeriod } from '../server/period.js';
import { operationRequested } from './audit-actions.js';
import { EventFilterRequest, FindEventsRequest } from './event.requests.js';
import { EventCountView, EventDetailsView, EventPage } from './event.views.js';
import { listedEvent } from './listed.js';
import { PreviewReplayRequest, ReplayEventsRequest, SinkRequest, type ReplayFilterRequest } from './operation.requests.js';
import { previewedSink } from './replay.preview.js';
import { ReplayPreviewView } from './replay.views.js';
import { ACCEPTED_COMMAND, respondAccepted } from './respond-accepted.js';
import { operationScopeOf, readScopeOf, requireOwnOrganization } from './scope.js';

const path = { id: 'The id of the event.' };

/** Answers: was the welcome email sent? Lists events with their status across all sinks. */
@Controller('admin/events')
@AllowedTo('admin', 'operator')
export class EventsController {
  constructor(
    private readonly events: EventLog,
    private readonly operations: OutboxOperations,
  ) {}

  @Get()
  @Endpoint({
    summary: 'List events with their status across all sinks',
    description: 'Newest first. Admins see the events of their organization. Operators see all, with personal data masked.',
    responses: { 200: EventPage },
  })
  async find(@CurrentIdentity() identity: Identity, @Query() { cursor, limit, ...filter }: FindEventsRequest) {
    requirePeriod(filter);
    requireOwnOrganization(identity, filter.organization_id);
    const { data, ...page } = await this.events.find({ filter, cursor, limit, scope: readScopeOf(identity) });
    return { data: data.map(listedEvent), ...page };
  }

  @Get('count')
  @Endpoint({
    summary: 'Count the events that match a filter',
    description: 'Takes the filters of the list. Writes nothing, and its cost is bounded: see `is_capped`.',
    responses: { 200: EventCountView },
  })
  count(@CurrentIdentity() identity: Identity, @Query() filter: EventFilterRequest) {
    requirePeriod(filter);
    requireOwnOrganization(identity, filter.organization_id);
    return this.events.count({ filter, scope: readScopeOf(identity) });
  }

  @Get(':id')
  @Endpoint({
    summary: 'Show an event with its deliveries, attempts and receipts',
    path,
    responses: { 200: EventDetailsView },
    problems: ['not-found'],
  })
  async get(@CurrentIdentity() identity: Identity, @Param('id', IdPipe) id: string) {
    const event = await this.events.get(id, readScopeOf(identity));
    if (!event) throw Problem.notFound('No event with this id exists.');
    return event;
  }

  @Post('replay')
  @Endpoint({
    summary: 'Replay the events that match a filter',
    description:
      'Replays to all sinks or to one. Only counts the events unless `dry_run` is false. `POST /admin/events/replay/preview` responds at once.',
    example: {
      filter: { event_type: 'member.invited', status: 'failed' },
      dry_run: true,
      rate: 100,
      reason: 'The mail provider is back.',
    },
    ...ACCEPTED_COMMAND,
    problems: ['not-found', 'conflict'],
  })
  @HttpCode(HttpStatus.ACCEPTED)
  @Audited(operationRequested['events.replay'])
  async replayAll(
    @CurrentIdentity() identity: Identity,
    @Body() { filter, dry_run: dryRun, limit, rate, sink, reason }: ReplayEventsRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    requireReplayFilter(identity, filter);
    const optional = {
      ...(limit !== undefined && { limit }),
      ...(rate !== undefined && { rate }),
      ...(sink !== undefined && { sink }),
    };
    return respondAccepted(
      reply,
      this.operations.replay({ filter: { ...filter }, dryRun, reason, ...optional, ...operationScopeOf(identity) }),
    );
  }

  @Post('replay/preview')
  @AllowedTo('admin', 'operator', 'viewer')
  @Endpoint({
    summary: 'Count what a replay would send to each sink',
    description:
      'Changes nothing, and its cost is bounded: see `is_capped`. A dry run of `POST /admin/events/replay` counts exactly, when the workers get to it.',
    example: { filter: { event_type: 'member.invited', status: 'failed' } },
    reads: true,
    responses: { 200: ReplayPreviewView },
    problems: ['not-found', 'conflict'],
  })
  @HttpCode(HttpStatus.OK)
  @NotAudited('a preview changes nothing')
  async previewReplay(@CurrentIdentity() identity: Identity, @Body() { filter, sink }: PreviewReplayRequest) {
    requireReplayFilter(identity, filter);
    const sinks = await this.operations.previewReplay({ filter: { ...filter }, sink, ...operationScopeOf(identity) });
    return { sinks: sinks.map((preview) => previewedSink(preview)) };
  }

  @Post(':id/replay')
  @Endpoint({
    summary: 'Replay an event',
    description: 'Replays to the sinks that received the event, and retries its dead letters.',
    path,
    example: { sink: 'local/welcome-email' },
    ...ACCEPTED_COMMAND,
    problems: ['not-found', 'conflict'],
  })
  @HttpCode(HttpStatus.ACCEPTED)
  @Audited(operationRequested['event.replay'])
  async replay(
    @CurrentIdentity() identity: Identity,
    @Param('id', IdPipe) id: string,
    @Body() { sink, reason }: SinkRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return respondAccepted(
      reply,
      this.operations.replayOne(id, { ...operationScopeOf(identity), reason, ...(sink !== undefined && { sink }) }),
    );
  }

  @Post(':id/skip')
  @Endpoint({
    summary: 'Skip a failed event that blocks its object',
    description: 'Delivery of the events behind it continues.',
    path,
    example: { sink: 'local/welcome-email' },
    ...ACCEPTED_COMMAND,
    problems: ['not-found', 'conflict'],
  })
  @HttpCode(HttpStatus.ACCEPTED)
  @AllowedTo('operator')
  @Audited(operationRequested['event.skip'])
  async skip(
    @Param('id', IdPipe) id: string,
    @Body() { sink, reason }: SinkRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return respondAccepted(reply, this.operations.skip(id, { reason, ...(sink !== undefined && { sink }) }));
  }
}

/** @throws Problem 422 for a filter without a condition, or with an invalid period; 403 if an admin requests another organization. */
function requireReplayFilter(identity: Identity, filter: ReplayFilterRequest): void {
  if (!Object.values(filter).some((value) => value !== undefined))
    throw Problem.invalid([
      {
        field: 'filter',
        message: 'filter must contain at least one condition; to select all events of a period, set from and to',
      },
    ]);
  requirePeriod(filter, 'filter.');
  requireOwnOrganization(identity, filter.organization_id);
}
