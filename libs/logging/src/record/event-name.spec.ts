import type { Logger } from '../logger.js';
import type { EventName, EventNameRefused } from './event-name.js';

// `npm run typecheck` checks the types: a wrong `true` below does not compile.
type Accepts<Name extends string> = Name extends EventName<Name> ? true : false;
type Refuses<Name extends string> = EventName<Name> extends EventNameRefused ? true : false;
type FieldsOf = NonNullable<Parameters<Logger['info']>[1]>;

const compiled: true[] = [
  true satisfies Accepts<'user_created'>,
  true satisfies Accepts<'request_completed_2'>,
  true satisfies Accepts<'a_name_of_an_event_that_is_as_long_as_anybody_would_ever_want_to_write_one_or_longer_still'>,
  true satisfies Refuses<'user created'>,
  true satisfies Refuses<'UserCreated'>,
  true satisfies Refuses<'user-created'>,
  true satisfies Refuses<'user.created'>,
  true satisfies Refuses<'2_users'>,
  true satisfies Refuses<''>,
  true satisfies Refuses<'user_created '>,
  true satisfies Refuses<`${string}_failed`>, // built at run time
  true satisfies Refuses<string>,
  true satisfies Error extends FieldsOf ? false : true, // logger.error('x', error) does not compile; exception() takes an error
];

describe('EventName', () => {
  it('the compiler rejects an event name that is not a literal in snake_case', () => {
    expect(compiled).not.toContain(false);
  });
});
