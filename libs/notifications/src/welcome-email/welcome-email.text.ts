import type { MemberInvited } from '@pikaia/contracts';

export interface WelcomeText {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** The letter to an invited person. What people entered is escaped: a name must not become part of the page. */
export function welcomeText(
  { name, role, organization_name: organization, invited_by: inviter }: MemberInvited,
  link: string,
): WelcomeText {
  const host = inviter.name ?? inviter.email;
  const greeting = name ? `Hello ${name},` : 'Hello,';
  const sentence = `${host} has invited you to ${organization} as ${role === 'admin' ? 'an admin' : 'a member'}.`;
  const closing = 'The link is good for seven days. If you did not expect this invitation, ignore it.';
  return {
    subject: `${host} invited you to ${organization}`.replaceAll(/\s+/g, ' '),
    text: `${greeting}\n\n${sentence}\n\nAccept the invitation: ${link}\n\n${closing}\n`,
    html: `<p>${escape(greeting)}</p><p>${escape(sentence)}</p><p><a href="${escape(link)}">Accept the invitation</a></p><p>${closing}</p>`,
  };
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
