import { newId } from '@pikaia/core';

/** What the addresses of pages contain. */
export interface PageIds {
  /** The correlation id of an invitation whose email was sent. */
  readonly sent: string;
  /** The correlation id of a request that was refused with 403. */
  readonly refused: string;
  /** The id of an event. */
  readonly event: string;
  /** The id of an audit entry. */
  readonly entry: string;
  /** The id of a person who did something. */
  readonly person: string;
}

export interface ConsolePage {
  /** Also the name of its screenshots. */
  readonly name: string;
  /** The demo person who looks at the page. Without one, nobody is signed in. */
  readonly person?: string;
  readonly path: (ids: PageIds) => string;
  /** A text that the page shows when it is complete. */
  readonly ready: string;
  /** The widths of its screenshots in docs/console. */
  readonly screenshots?: readonly number[];
}

/** The pages of the console in their states. Each is checked on every screen; the pages of the navigation have screenshots. */
export const CONSOLE_PAGES: readonly ConsolePage[] = [
  { name: 'sign-in', path: () => '/', ready: 'Demo people' },
  { name: 'overview', person: 'Olga Olsen', path: () => '/', ready: 'local/welcome-email', screenshots: [1280, 360] },
  {
    name: 'overview-of-an-admin',
    person: 'Alice Adams',
    path: () => '/',
    ready: 'Only operators and viewers of the platform see the sinks',
  },
  {
    name: 'failed-requests',
    person: 'Olga Olsen',
    path: () => '/failed-requests',
    ready: 'This route requires the role admin.',
    screenshots: [1280],
  },
  { name: 'events', person: 'Alice Adams', path: () => '/events', ready: 'member.invited', screenshots: [1280] },
  { name: 'events-empty', person: 'Alice Adams', path: () => '/events?status=skipped', ready: 'No event matches the filters.' },
  { name: 'event', person: 'Alice Adams', path: ({ event }) => `/events/${event}`, ready: 'Envelope', screenshots: [1280] },
  { name: 'audit', person: 'Alice Adams', path: () => '/audit', ready: 'member.invited', screenshots: [1280] },
  { name: 'entry', person: 'Alice Adams', path: ({ entry }) => `/audit/${entry}`, ready: 'Changes', screenshots: [1280] },
  {
    name: 'person',
    person: 'Alice Adams',
    path: ({ person }) => `/people/${person}`,
    ready: 'from 127.0.0.1',
    screenshots: [1280],
  },
  { name: 'own-activity', person: 'Alice Adams', path: () => '/me', ready: 'from 127.0.0.1' },
  { name: 'contracts', person: 'Alice Adams', path: () => '/contracts', ready: 'member.invited', screenshots: [1280] },
  { name: 'contract', person: 'Alice Adams', path: () => '/contracts/member.role_changed', ready: 'Version 2' },
  {
    name: 'operations',
    person: 'Olga Olsen',
    path: () => '/operations',
    ready: 'The next run would remove',
    screenshots: [1280],
  },
  { name: 'operations-of-an-admin', person: 'Alice Adams', path: () => '/operations', ready: 'No command has been given yet.' },
  { name: 'timeline', person: 'Alice Adams', path: ({ sent }) => `/c/${sent}`, ready: 'welcome_email_sent', screenshots: [1280] },
  {
    name: 'timeline-of-a-refusal',
    person: 'Olga Olsen',
    path: ({ refused }) => `/c/${refused}`,
    ready: 'access_denied',
    screenshots: [1280],
  },
  { name: 'timeline-empty', person: 'Alice Adams', path: () => `/c/${newId()}`, ready: 'Nothing with this correlation id' },
  { name: 'no-permission', person: 'Carol Clark', path: () => '/events', ready: 'You may not see this page' },
  { name: 'unknown', person: 'Alice Adams', path: () => '/nowhere', ready: 'This page does not exist' },
];

export const COLORS = ['light', 'dark'] as const;

/** The screenshots in docs/console: the file of each page, width and color. */
export const SCREENSHOTS = CONSOLE_PAGES.flatMap((page) =>
  (page.screenshots ?? []).flatMap((width) =>
    COLORS.map((colors) => ({ page, width, colors, file: `${page.name}${width === 1280 ? '' : `-${width}`}-${colors}.png` })),
  ),
);
