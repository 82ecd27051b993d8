// A program of another team, written from openapi.json alone: it invites a person, makes the person an admin and reads the change.
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

type Member = components['schemas']['Member'];

const { API_URL: baseUrl, TOKEN: token } = process.env as Record<string, string>;
const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
const header = { Prefer: 'change-token' };

const invited = await api.POST('/api/v1/members/invitations', {
  body: { email: 'packed@example.com', name: 'Pat', role: 'member' },
});
if (!invited.data) throw new Error(invited.error.type);
const { id, status } = invited.data;

const changed = await api.PATCH('/api/v1/members/{id}', { params: { path: { id }, header }, body: { role: 'admin' } });
const after_change = changed.response.headers.get('X-Change-Token')!;
const cached = await api.GET('/api/v1/members/{id}/permissions', { params: { path: { id }, query: { after_change } } });

const members: Member[] = [];
for (let cursor: string | null | undefined; cursor !== null;) {
  const { data, error } = await api.GET('/api/v1/members', { params: { query: { limit: 1, ...(cursor && { cursor }) } } });
  if (error) throw new Error(error.type);
  members.push(...data.data);
  cursor = data.next_cursor;
}

const refused = await api.POST('/api/v1/members/invitations', { body: { email: 'nowhere', role: 'member' } });
const removed = await api.DELETE('/api/v1/members/{id}', { params: { path: { id } } });

console.log(
  JSON.stringify({
    status,
    role: cached.data?.role,
    emails: members.map(({ email }) => email),
    problem: refused.error?.type,
    fields: refused.error?.errors?.map(({ field }) => field),
    removed: removed.response.status,
  }),
);
