import type { Settings } from './settings.ts';

/** How letters go out, and where their links lead: of the consumers that send them, and of the worker, which has the same settings. */
export const lettersOf = ({ domain, mailName, mailDomain }: Settings['services']): Record<string, string> => ({
  PUBLIC_URL: `https://${domain}`,
  MAIL_TRANSPORT: 'ses',
  MAIL_FROM: `${mailName} <no-reply@${mailDomain}>`,
});
