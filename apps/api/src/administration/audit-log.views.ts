import { AnyObject, Fields, Id, ListOf, OrNull, PageOf, Text } from '../openapi/schemas.js';
import { NotShortened, ShortenedView } from './shortened.view.js';

const entry = {
  id: Id('The id of the entry.'),
  action: Text('The action.', 'member.role_changed'),
  aggregate_type: Text('The type of the object that changed.', 'member'),
  aggregate_id: Text('The id of the object that changed.', '019c12f4-7175-7abc-8504-af03c46f1d1b'),
  organization_id: Text('The organization, or `platform`.', '019c12f4-7175-7abc-8504-af03c46f1d1b'),
  actor_id: Text('The id of the person or the service that acted.', '019c12f4-7175-7abc-8504-af03c46f1d1b'),
  actor_email: OrNull(Text('The email address of the actor. Null for a service, and once it is erased.', 'alice@example.com')),
  correlation_id: Text('Joins the log lines, events and audit entries of one request.', '019c12f4-7175-7abc-8504-af03c46f1d1b'),
  diff: OrNull(
    Fields({
      old: OrNull(AnyObject('The old values of the fields that changed. Null if the object is new.', { role: 'member' })),
      new: OrNull(AnyObject('The new values of the fields that changed. Null if the object was removed.', { role: 'admin' })),
    }),
  ),
  changed: ListOf(Text('The name of a field.', 'role'), 'The fields that changed.'),
  ip_address: OrNull(Text('The address of the client.', '192.0.2.1')),
  user_agent: OrNull(Text('The program of the client.', 'curl/8.9.1')),
  created_at: Text('The time of the entry in UTC with microseconds.', '2026-01-31T08:30:00.000000Z'),
};

export const AuditEntryView = Fields({ ...entry, shortened: OrNull(ShortenedView) }, { $id: 'AuditEntry' });
export const AuditEntryPage = PageOf(AuditEntryView);
export const AuditEntryDetailsView = Fields({ ...entry, shortened: NotShortened }, { $id: 'AuditEntryDetails' });
