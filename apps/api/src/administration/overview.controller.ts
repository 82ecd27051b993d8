import { Controller, Get } from '@nestjs/common';
import { OutboxOverview } from '@pikaia/events';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { adminPath } from './listed.js';
import { OverviewView } from './overview.views.js';

/** Answers: is everything well? */
@Controller('admin/overview')
@AllowedTo('admin', 'operator')
export class OverviewController {
  constructor(private readonly overview: OutboxOverview) {}

  @Get()
  @Endpoint({
    summary: 'Show backlog, throughput and failures',
    description:
      'Each number has the path of the list behind it. Admins get `organization`, the events of their organization in the last 60 ' +
      'minutes, and no sinks, because all organizations share them. For operators it is null.',
    responses: { 200: OverviewView },
  })
  async show(@CurrentIdentity() identity: Identity) {
    if (identity.kind === 'member') {
      const organization = await this.overview.ofOrganization(identity.organizationId);
      return { organization, sinks: [], since: organization.since, throughput: [], failures: [], has_more_failures: false };
    }
    const { sinks, failures, ...overview } = await this.overview.get();
    return {
      ...overview,
      organization: null,
      sinks: sinks.map((sink) => ({ ...sink, lists: listsOf(sink.name) })),
      failures: failures.map((group) => {
        const { sink, status, event_type, fingerprint } = group;
        return { ...group, list: eventsPath({ sink, status, event_type, fingerprint }) };
      }),
    };
  }
}

const eventsPath = (filter: Readonly<Record<string, string>>): string =>
  adminPath(`events?${new URLSearchParams(filter).toString()}`);

const listsOf = (sink: string) => ({
  pending: eventsPath({ sink, status: 'pending' }),
  retrying: eventsPath({ sink, status: 'retrying' }),
  waiting: eventsPath({ sink, status: 'waiting' }),
  failed: eventsPath({ sink, status: 'failed' }),
});
