import { Count, Fields, Flag, ListOf, OneOf, Text } from '../openapi/schemas.js';

const PreviewedSink = Fields(
  {
    sink: Text('The name of the sink.', 'local/welcome-email'),
    state: OneOf('A replay of a paused sink begins when the sink is resumed.', ['active', 'paused', 'retired']),
    matched: Count('The events that match.', 42),
    dead_letters: Count('Those that failed and are retried.', 2),
    first_deliveries: Count('Those that the sink has never handled, because it registered their type later.'),
    skipped: Count('Those whose handler skips replays.'),
    is_capped: Flag(
      'True if there may be more: counting stops at 10,000 events, and after it has read the newest 100,000 of the log.',
    ),
  },
  { $id: 'PreviewedSink' },
);

export const ReplayPreviewView = Fields(
  { sinks: ListOf(PreviewedSink, 'The sinks of the replay.') },
  { $id: 'ReplayPreview', description: 'What a replay would do now.' },
);
