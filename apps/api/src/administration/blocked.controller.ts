import { Controller, Get, Query } from '@nestjs/common';
import { BlockedAggregates, type BlockedPlace } from '@pikaia/events';
import { AllowedTo } from '../authentication/access.js';
import { Endpoint } from '../openapi/endpoint.decorator.js';
import { PageCursor } from '../server/page.cursor.js';
import { PageRequest } from '../server/page.request.js';
import { BlockedObjectPage } from './blocked.views.js';

const LIST = 'blocked';

/** Answers: what waits for a decision? */
@Controller('admin/outbox/blocked')
@AllowedTo('operator')
export class BlockedController {
  constructor(
    private readonly blocked: BlockedAggregates,
    private readonly cursors: PageCursor,
  ) {}

  @Get()
  @Endpoint({
    summary: 'List the objects that a failed event blocks',
    description:
      'The oldest first. The later events of an object wait at the sink until the failed event is skipped or replayed.',
    responses: { 200: BlockedObjectPage },
  })
  async find(@Query() { cursor, limit }: PageRequest) {
    const after = cursor === undefined ? undefined : (JSON.parse(this.cursors.decode(cursor, LIST)) as BlockedPlace);
    const { data, next } = await this.blocked.list(limit, after);
    return { data, next_cursor: next && this.cursors.encode(JSON.stringify(next), LIST) };
  }
}
