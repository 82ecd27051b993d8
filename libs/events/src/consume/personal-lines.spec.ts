import { getLogger } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { IsEmail, IsString } from 'class-validator';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { ConsumerProcess, sinkEvent } from '../../../../test/support/outbox/consumer.process.js';
import { DomainEvent } from '../contract/domain-event.js';
import type { EventOf } from '../contract/envelope.js';
import { Personal } from '../contract/personal.decorator.js';
import { QueueConsumer } from '../queue/queue.consumer.js';
import { Consumer, Handles } from './consumer.decorator.js';

@DomainEvent('ticket.bought', { version: 1, aggregate: 'thing' })
class TicketBought {
  @Personal()
  @IsEmail()
  email!: string;

  @IsString()
  seat!: string;
}

const logger = getLogger('spec');

@Consumer('post', { from: 'now' })
class Post {
  readonly received: string[] = [];

  @Handles(TicketBought, { effect: 'external' })
  send({ data }: EventOf<TicketBought>): void {
    this.received.push(data.email);
    logger.info('ticket_sent', { email: data.email, seat: data.seat });
    if (data.seat === 'taken') throw new Error(`cannot write to <${data.email}>`);
  }
}

const EMAIL = 'frank@example.com';
const ACTOR = { type: 'user', id: 'u1', email: 'alice@example.com' };

describe('the log lines of a consumer', () => {
  let database: TestDatabase;
  let process: ConsumerProcess;
  const post = new Post();

  beforeAll(async () => {
    database = await createDatabase();
    process = await ConsumerProcess.start(database.workerUrl, post);
  });
  afterAll(async () => {
    await process.stop();
    await database.drop();
  });

  it('mask the personal data of its event, which the handler gets unmasked, and keep the fields of the context', async () => {
    using logs = captureLogs();
    await process.deliver(sinkEvent('ticket.bought', { email: EMAIL, seat: 'A1' }, ACTOR));
    expect(post.received).toEqual([EMAIL]);
    expect(logs.one('ticket_sent')).toMatchObject({ email: '[masked]', seat: 'A1', 'usr.email': ACTOR.email });
  });

  it('mask it also behind a queue, in the failure of the handler', async () => {
    const { eventId, payload } = sinkEvent('ticket.bought', { email: EMAIL, seat: 'taken' }, ACTOR);
    const body = JSON.stringify({ ...(JSON.parse(payload) as object), sequence: '1' });
    using logs = captureLogs();
    await new QueueConsumer(process.runner).handleBatch({ Records: [{ messageId: eventId, body }] });
    expect(logs.one('event_refused')).toMatchObject({ 'error.message': 'cannot write to <[masked]>' });
    expect(JSON.stringify(logs.records)).not.toContain(EMAIL);
  });
});
