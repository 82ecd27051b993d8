import { Type } from 'typebox';
import { Count, Fields, Flag, ListOf, OneOf, OrNull, Text, Timestamp } from '../openapi/schemas.js';

const removal = {
  what: Text('A table, or a slot of the log.', 'outbox_log_3'),
  removed: Count('The amount.', 8192),
  unit: OneOf('The unit of the amount.', ['rows', 'bytes']),
  kept: OrNull(Text('Why data stays although it is old enough.', 'not handed over to local/welcome-email')),
};
const days = (description: string) => Type.Number({ description, examples: [7] });

export const HousekeepingView = Fields(
  {
    retention_days: Fields({
      log: days('The days for which events are kept that every sink has received.'),
      failed: days('The days for which dead letters, commands and replays are kept.'),
      receipts: days('The days for which receipts of consumers are kept.'),
    }),
    last_run: Fields({ at: Timestamp('The end of the run.'), results: ListOf(Fields(removal), 'What was removed.') }),
    next_run_at: OrNull(Timestamp('The time at which a worker runs it next. Null if no running worker has reported it.')),
    expected: ListOf(
      Fields({ ...removal, is_capped: Flag('True if there are more than 100,000 rows.') }),
      'What a run would remove now.',
    ),
  },
  { $id: 'Housekeeping' },
);
