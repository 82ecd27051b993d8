import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api, read } from '../api/client.js';
import { actorPage } from '../url/pages.js';

/** A link to what an actor did, with the email address if the audit log has it. */
export function ActorEmail({ id }: { readonly id: string }) {
  const { data: email } = useQuery({
    queryKey: ['actor', id],
    queryFn: async ({ signal }) => {
      const query = { actor_id: id, limit: 1 };
      const { data } = await read(api.GET('/api/v1/admin/audit-logs', { params: { query }, signal }));
      return data[0]?.actor_email ?? null;
    },
    staleTime: Infinity,
  });
  return (
    <Link href={actorPage(id)} title={id}>
      {email ?? id}
    </Link>
  );
}
