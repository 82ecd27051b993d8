import { Problem } from '../errors/problem.js';

const OF_NO_USE = 'Invitation no longer valid';

/** What a person can be told about an invitation. The state of an invitation is told only to the person whom it invites. */
export const invitationProblems = {
  invalid: (cause: unknown) =>
    new Problem(422, 'invitation-invalid', 'Not an invitation', 'The token is not that of an invitation. Open the link again.', {
      errors: [{ field: 'token', message: 'token must be the unchanged token of an invitation link' }],
      cause,
    }),
  expired: (cause: unknown) =>
    new Problem(410, 'invitation-expired', OF_NO_USE, 'The invitation has expired. Ask an admin to send it again.', { cause }),
  replaced: () =>
    new Problem(410, 'invitation-replaced', OF_NO_USE, 'A newer invitation replaces this one. Use the link of the newest email.'),
  revoked: () => new Problem(410, 'invitation-revoked', OF_NO_USE, 'The invitation was withdrawn.'),
  accepted: () =>
    new Problem(409, 'invitation-accepted', 'Invitation already accepted', 'The invitation was accepted. It can be used once.'),
  ofAnotherOrganization: () =>
    new Problem(403, 'invitation-organization', 'Not allowed', 'Sign in to the organization that the invitation is from.'),
  ofAnotherPerson: () =>
    new Problem(403, 'invitation-email', 'Not allowed', 'Sign in with the email address that the invitation was sent to.'),
  memberLinked: () =>
    Problem.conflict('The account that you are signed in with already belongs to another member of the organization.'),
  recentlySent: (retryAfterSeconds: number) =>
    new Problem(
      429,
      'invitation-recently-sent',
      'Too many requests',
      `The invitation was sent less than a minute ago. Send it again in ${retryAfterSeconds} s.`,
      { headers: { 'retry-after': String(retryAfterSeconds) } },
    ),
} as const;
