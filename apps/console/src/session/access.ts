import type { Me } from './session.js';

/** A page of the navigation. */
export interface PageEntry {
  readonly path: string;
  readonly title: string;
  /** The second key of the shortcut that opens the page; the first is `g`. */
  readonly key: string;
}

export const PAGES: readonly PageEntry[] = [
  { path: '/', title: 'Overview', key: 'o' },
  { path: '/events', title: 'Events', key: 'e' },
  { path: '/audit', title: 'Audit log', key: 'a' },
];

/** Why the person may not see the pages; undefined if the person may. The server decides; this only explains. */
export const reasonAgainst = ({ role }: Me): string | undefined =>
  role === 'member' ? 'Your role is member. Only admins of an organization and operators can see this.' : undefined;

/** Why the person may not replay events; undefined if the person may. */
export const reasonAgainstReplay = ({ role }: Me): string | undefined =>
  role === 'viewer' ? 'Your role is viewer. Only operators and admins of an organization can replay events.' : undefined;
