import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, Query, Res } from '@nestjs/common';
import { Audited } from '@pikaia/audit';
import { OutboxOperations, OutboxStatus, type CommandPlace } from '@pikaia/events';
import type { FastifyReply } from 'fastify';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { IdPipe } from '../server/id.pipe.js';
import { PageCursor } from '../server/page.cursor.js';
import { operationRequested } from './audit-actions.js';
import { DropTypeRequest, FindCommandsRequest, ReasonRequest } from './operation.requests.js';
import { CommandPage, CommandView, OutboxStatusView } from './outbox.views.js';
import { ACCEPTED_COMMAND, respondAccepted } from './respond-accepted.js';
import { operationScopeOf } from './scope.js';

/**
 * The path contains the sink name: `sinks/eventbridge/pause`, `sinks/local/welcome-email/pause`. The slash may be encoded as
 * `%2F`.
 */
const sinkPaths = (action: string): string[] => [`sinks/:name/${action}`, `sinks/:family/:name/${action}`];

const SINK_COMMAND = {
  path: {
    family: 'The part of the name before the slash, such as `local`.',
    name: 'The name of the sink, or its part after the slash.',
  },
  ...ACCEPTED_COMMAND,
  problems: ['not-found', 'conflict'],
} as const;

const REASON = { reason: 'The mail provider is down.' };

interface SinkPath {
  readonly family?: string;
  readonly name: string;
}

const sinkNameOf = ({ family, name }: SinkPath): string => (family === undefined ? name : `${family}/${name}`);

/** The status of the outbox, and commands to its sinks. */
@Controller('admin/outbox')
@AllowedTo('operator')
export class OutboxController {
  constructor(
    private readonly status: OutboxStatus,
    private readonly operations: OutboxOperations,
    private readonly cursors: PageCursor,
  ) {}

  @Get()
  @Endpoint({ summary: 'Show the status of the outbox', responses: { 200: OutboxStatusView } })
  show() {
    return this.status.get();
  }

  @Get('commands')
  @Endpoint({
    summary: 'List commands',
    description: 'Newest first. Admins see the commands that concern their organization.',
    responses: { 200: CommandPage },
  })
  @AllowedTo('admin', 'operator')
  async commands(@CurrentIdentity() identity: Identity, @Query() { cursor, limit, command, state }: FindCommandsRequest) {
    const scope = { ...operationScopeOf(identity), command, open: state === 'open' };
    const list = `commands:${JSON.stringify(scope)}`;
    const before = cursor === undefined ? undefined : (JSON.parse(this.cursors.decode(cursor, list)) as CommandPlace);
    const { data, next } = await this.operations.list(limit, { ...scope, before });
    return { data, next_cursor: next && this.cursors.encode(JSON.stringify(next), list) };
  }

  @Get('commands/:id')
  @Endpoint({
    summary: 'Show a command and the answers of the sinks',
    path: { id: 'The id of the command.' },
    responses: { 200: CommandView },
    problems: ['not-found'],
  })
  @AllowedTo('admin', 'operator')
  async command(@CurrentIdentity() identity: Identity, @Param('id', IdPipe) id: string) {
    const command = await this.operations.find(id, operationScopeOf(identity));
    if (!command) throw Problem.notFound('No command with this id exists.');
    return command;
  }

  @Post('commands/:id/cancel')
  @Endpoint({
    summary: 'Cancel a replay',
    description: 'Ends it at each sink that has not ended it. Events that are in flight are still delivered.',
    path: { id: 'The id of the command that started the replay.' },
    example: { reason: 'The filter was wrong.' },
    ...ACCEPTED_COMMAND,
    problems: ['not-found', 'conflict'],
  })
  @HttpCode(HttpStatus.ACCEPTED)
  @AllowedTo('admin', 'operator')
  @Audited(operationRequested['events.cancel'])
  cancel(
    @CurrentIdentity() identity: Identity,
    @Param('id', IdPipe) id: string,
    @Body() { reason }: ReasonRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return respondAccepted(reply, this.operations.cancel(id, { ...operationScopeOf(identity), reason }));
  }

  @Post(sinkPaths('pause'))
  @Endpoint({ summary: 'Pause a sink', example: REASON, ...SINK_COMMAND })
  @HttpCode(HttpStatus.ACCEPTED)
  @Audited(operationRequested['sink.pause'])
  pause(@Param() path: SinkPath, @Body() why: ReasonRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return respondAccepted(reply, this.operations.pause(sinkNameOf(path), why));
  }

  @Post(sinkPaths('resume'))
  @Endpoint({ summary: 'Resume a sink', example: REASON, ...SINK_COMMAND })
  @HttpCode(HttpStatus.ACCEPTED)
  @Audited(operationRequested['sink.resume'])
  resume(@Param() path: SinkPath, @Body() why: ReasonRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return respondAccepted(reply, this.operations.resume(sinkNameOf(path), why));
  }

  @Post(sinkPaths('retire'))
  @Endpoint({ summary: 'Retire a sink that no worker leads', example: REASON, ...SINK_COMMAND })
  @HttpCode(HttpStatus.ACCEPTED)
  @Audited(operationRequested['sink.retire'])
  retire(@Param() path: SinkPath, @Body() why: ReasonRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return respondAccepted(reply, this.operations.retire(sinkNameOf(path), why));
  }

  @Post(sinkPaths('drop-type'))
  @Endpoint({
    summary: 'Give up an event type that no worker handles any more',
    example: { event_type: 'member.invited', ...REASON },
    ...SINK_COMMAND,
  })
  @HttpCode(HttpStatus.ACCEPTED)
  @Audited(operationRequested['sink.drop_type'])
  dropType(
    @Param() path: SinkPath,
    @Body() { event_type: eventType, reason }: DropTypeRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return respondAccepted(reply, this.operations.dropType(sinkNameOf(path), eventType, { reason }));
  }
}
