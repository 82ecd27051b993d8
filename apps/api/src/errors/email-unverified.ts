import { Problem } from './problem.js';

/** A session without a verified address can neither accept an invitation nor create an organization. */
export const emailUnverified = (): Problem =>
  new Problem(
    403,
    'email-unverified',
    'No verified email address',
    'The session contains no verified email address. Sign in with a link or a code that is sent by email.',
  );
