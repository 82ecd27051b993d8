import { Link } from 'wouter';
import { actorPage } from '../url/pages.js';

/** Leads from something that happened to everything else that its actor did. */
export function ActorLink({ id, className }: { readonly id: string; readonly className?: string }) {
  const page = actorPage(id);
  return (
    <Link className={className} href={page}>
      What did this {page.startsWith('/people/') ? 'person' : 'service'} do?
    </Link>
  );
}
