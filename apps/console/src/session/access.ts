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
  { path: '/failed-requests', title: 'Failed requests', key: 'f' },
  { path: '/events', title: 'Events', key: 'e' },
  { path: '/audit', title: 'Audit log', key: 'a' },
  { path: '/operations', title: 'Operations', key: 'r' },
  { path: '/contracts', title: 'Contracts', key: 'c' },
];

/** The page that everyone who is signed in may see. */
export const OWN_ACTIVITY = '/me';

/** Why the person may not see the pages; undefined if the person may. The server decides; this only explains. */
export const reasonAgainst = ({ role }: Me): string | undefined =>
  role === 'member' ? 'Your role is member. Only admins, operators and viewers can see this page.' : undefined;

const PEOPLE: Readonly<Record<Me['role'], string>> = {
  member: 'members',
  admin: 'admins of an organization',
  operator: 'operators of the platform',
  viewer: 'viewers of the platform',
};

/** Why the person may not start an action that is for these roles; undefined if the person may. The server decides. */
export const reasonAgainstAction = ({ role }: Me, ...allowed: readonly Me['role'][]): string | undefined =>
  allowed.includes(role)
    ? undefined
    : `Your role is ${role}. Only ${allowed.map((one) => PEOPLE[one]).join(' and ')} can do this.`;

/** Why the person may not replay events; undefined if the person may. */
export const reasonAgainstReplay = (me: Me): string | undefined => reasonAgainstAction(me, 'operator', 'admin');
