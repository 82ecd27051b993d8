import type { Settings } from './settings.ts';

/** The variables for outgoing email and its links. The consumers that send email and the worker have the same. */
export const mailEnvironmentOf = ({ domain, mailName, mailDomain }: Settings['services']): Record<string, string> => ({
  PUBLIC_URL: `https://${domain}`,
  MAIL_TRANSPORT: 'ses',
  MAIL_FROM: `${mailName} <no-reply@${mailDomain}>`,
});
