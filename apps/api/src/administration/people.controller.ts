import { Controller, Get, Param, Query } from '@nestjs/common';
import { redactValue } from '@pikaia/core';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { IdPipe } from '../server/id.pipe.js';
import { listedEntry } from './listed.js';
import { ActivityRequest } from './people.requests.js';
import { PeopleService } from './people.service.js';
import { ActivityPage, OwnActivityPage, PersonView } from './people.views.js';

const path = { id: 'The id of the person.' };

/** Answers: what did this user do, and what was done to them? */
@Controller()
@AllowedTo('admin', 'operator')
export class PeopleController {
  constructor(private readonly people: PeopleService) {}

  @Get('admin/people/:id')
  @Endpoint({
    summary: 'Show a person and their memberships',
    description: 'Admins see people of their organization. Operators see all, with address and name masked.',
    path,
    responses: { 200: PersonView },
    problems: ['not-found'],
  })
  show(@CurrentIdentity() identity: Identity, @Param('id', IdPipe) id: string) {
    return this.people.get(identity, id);
  }

  @Get('admin/people/:id/activity')
  @Endpoint({
    summary: 'List the activity of a person',
    description:
      'What the person did and what was done to them, newest first, with the events of each change. Admins see what happened in their organization.',
    path,
    responses: { 200: ActivityPage },
    problems: ['not-found'],
  })
  async activity(@CurrentIdentity() identity: Identity, @Param('id', IdPipe) id: string, @Query() query: ActivityRequest) {
    const { data, ...page } = await this.people.activity(identity, id, query);
    return {
      data: redactValue(data).map((entry) => ({ ...listedEntry(entry), involvement: entry.involvement, events: entry.events })),
      ...page,
    };
  }

  @Get('me/activity')
  @AllowedTo('member', 'operator')
  @Endpoint({
    summary: 'List your own activity',
    description: 'What you did and what was done to you in all organizations in which you are active, newest first.',
    responses: { 200: OwnActivityPage },
  })
  async ownActivity(@CurrentIdentity() identity: Identity, @Query() query: ActivityRequest) {
    const { data, ...page } = await this.people.ownActivity(identity, query);
    return {
      data: redactValue(data).map(({ diff: _diff, shortened: _shortened, actor_email: _email, ...entry }) => ({
        ...entry,
        ...(entry.involvement === 'subject' && { ip_address: null, user_agent: null }),
      })),
      ...page,
    };
  }
}
