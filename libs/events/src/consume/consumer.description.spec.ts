import { IsString } from 'class-validator';
import { DomainEvent } from '../contract/domain-event.js';
import { Consumer, Handles } from './consumer.decorator.js';
import { describeConsumer } from './consumer.description.js';

@DomainEvent('letter.posted', { version: 1, aggregate: 'letter', source: 'post.letter' })
class LetterPosted {
  @IsString()
  to!: string;
}

@Consumer('postmark', { from: 'now' })
class Postmark {
  @Handles(LetterPosted, { effect: 'external' })
  mark(): void {}
}

describe('describeConsumer', () => {
  it('returns the name of a consumer, the contracts that it handles, and the types that it skips in replays', () => {
    expect(describeConsumer(Postmark)).toEqual({
      name: 'postmark',
      contracts: [{ type: 'letter.posted', version: 1, aggregate: 'letter', source: 'post.letter', data: LetterPosted }],
      typesSkippedInReplays: ['letter.posted'],
    });
  });

  it('refuses a class without @Consumer', () => {
    expect(() => describeConsumer(LetterPosted)).toThrow(expect.objectContaining({ code: 'PIKAIA_CONSUMER_INVALID' }));
  });
});
