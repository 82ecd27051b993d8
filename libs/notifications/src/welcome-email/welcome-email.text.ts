import type { MemberInvited } from '@pikaia/contracts';

export interface WelcomeText {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Builds the email to an invited person. User input is escaped, so a name cannot inject markup. */
export function welcomeText(
  { name, role, organization_name: organization, invited_by: inviter }: MemberInvited,
  link: string,
): WelcomeText {
  const inviterName = inviter.name ?? inviter.email;
  const greeting = name ? `Hello ${name},` : 'Hello,';
  const sentence = `${inviterName} has invited you to ${organization} as ${role === 'admin' ? 'an admin' : 'a member'}.`;
  const closing = 'The link is valid for seven days. If you did not expect this invitation, ignore it.';
  return {
    subject: `${inviterName} invited you to ${organization}`.replaceAll(/\s+/g, ' '),
    text: `${greeting}\n\n${sentence}\n\nAccept the invitation: ${link}\n\n${closing}\n`,
    html: `<p>${escapeHtml(greeting)}</p><p>${escapeHtml(sentence)}</p><p><a href="${escapeHtml(link)}">Accept the invitation</a></p><p>${closing}</p>`,
  };
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
