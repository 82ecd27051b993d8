import { Controller, Get, Param, Query } from '@nestjs/common';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import { IdPipe } from '../server/id.pipe.js';
import { FindEventsRequest } from './event.requests.js';
import { EventsRepository } from './events.repository.js';
import { scopeOf } from './scope.js';

/** Did the welcome email send? Events with their status, over all sinks. */
@Controller('admin/events')
@AllowedTo('admin', 'operator')
export class EventsController {
  constructor(private readonly events: EventsRepository) {}

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
}
