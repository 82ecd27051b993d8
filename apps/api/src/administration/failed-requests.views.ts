import { Type } from 'typebox';
import { Count, Fields, Flag, Id, ListOf, OrNull, Text, Timestamp } from '../openapi/schemas.js';

const FailedRequestView = Fields(
  {
    correlation_id: Id('The correlation id, which leads to everything about the request.'),
    ended_at: Timestamp('The time at which the response ended.'),
    method: Text('The method.', 'POST'),
    path: Text('The path. Email addresses are masked for operators.', '/api/v1/members/invitations'),
    status: Count('The status of the response. 499: the client disconnected before it was complete.', 403),
    duration_ms: Type.Number({ description: 'The duration of the request.', examples: [12.5] }),
    organization_id: OrNull(Text('The organization of the caller, if it is known.', '019c12f4-7175-7abc-8504-af03c46f1d1b')),
    actor_id: OrNull(Text('The caller, if it is known.', '019c12f4-7175-7abc-8504-af03c46f1d1c')),
    actor_email: OrNull(Text('The address of the caller. Masked for operators.', 'carol@example.com')),
    reason: OrNull(
      Text(
        'Why it failed, as its last log line says. Email addresses are masked for operators.',
        'This route requires the role admin.',
      ),
    ),
  },
  { $id: 'FailedRequest' },
);

export const FailedRequestsView = Fields(
  {
    available: Flag('True if the api can read its log lines, as in development.', true),
    unavailable_reason: OrNull(Text('Why it cannot, and where the lines are.', 'The api reads log lines only in development.')),
    data: ListOf(FailedRequestView, 'The requests.'),
    next_cursor: OrNull(Text('The `cursor` of the next page. Null on the last page.', 'eyJhIjoiMSJ9.c2lnbmF0dXJl')),
    searched_from: OrNull(Timestamp('The time back to which the log lines were searched. Null without lines.')),
    is_cut: Flag('True if the search stopped there at its limit of bytes or time. The next page continues.'),
  },
  { $id: 'FailedRequests' },
);
