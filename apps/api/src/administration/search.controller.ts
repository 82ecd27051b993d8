import { Body, Controller, HttpCode, HttpStatus, Post } from '@nestjs/common';
import { NotAudited } from '@pikaia/audit';
import { AllowedTo, CurrentIdentity } from '../authentication/access.js';
import type { Identity } from '../authentication/identity.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { SearchRequest } from './search.requests.js';
import { SearchService } from './search.service.js';
import { SearchResultsView } from './search.views.js';

/** A POST, because a URL with an email address would be in the logs of proxies and in the history of browsers. */
@Controller('admin/search')
@AllowedTo('admin', 'operator', 'viewer')
export class SearchController {
  constructor(private readonly searches: SearchService) {}

  @Post()
  @Endpoint({
    summary: 'Search by id, email address or name',
    description:
      'Finds events, audit entries, correlation ids, commands, webhook deliveries, people, members and organizations by id, the webhook deliveries of an event by its id, people by email address, and members and organizations by the beginning of their name. Admins find what belongs to their organization. Changes nothing.',
    example: { query: 'bob@example.com' },
    reads: true,
    responses: { 200: SearchResultsView },
  })
  @HttpCode(HttpStatus.OK)
  @NotAudited('a search changes nothing')
  search(@CurrentIdentity() identity: Identity, @Body() { query }: SearchRequest) {
    return this.searches.search(identity, query);
  }
}
