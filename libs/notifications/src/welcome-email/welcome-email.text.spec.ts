import type { MemberInvited } from '@pikaia/contracts';
import { welcomeText } from './welcome-email.text.js';

const invited: MemberInvited = {
  email: 'bob@example.com',
  name: 'Bob',
  role: 'member',
  organization_name: 'Acme',
  invited_by: { id: '0198a0a0-0000-7000-8000-000000000001', email: 'alice@example.com', name: 'Alice' },
};
const LINK = 'https://pikaia.example/invitations/accept?token=a.b.c';

describe('welcomeText', () => {
  it('names the inviter, the invited person and the organization, and contains the link', () => {
    const { subject, text, html } = welcomeText(invited, LINK);
    expect(subject).toBe('Alice invited you to Acme');
    expect(text).toContain('Hello Bob,\n\nAlice has invited you to Acme as a member.');
    expect(text).toContain(LINK);
    expect(html).toContain(`<a href="${LINK}">`);
  });

  it('greets a person without a name, and shows the email address of an inviter without a name', () => {
    const { name: _, ...nameless } = invited;
    const { text } = welcomeText(
      { ...nameless, role: 'admin', invited_by: { id: invited.invited_by.id, email: 'alice@example.com' } },
      LINK,
    );
    expect(text).toContain('Hello,\n\nalice@example.com has invited you to Acme as an admin.');
  });

  it('escapes markup in the text that people entered', () => {
    const hostile = `<script>alert("1")</script>'&`;
    const { html } = welcomeText(
      { ...invited, name: hostile, organization_name: hostile, invited_by: { ...invited.invited_by, name: hostile } },
      `${LINK}"><script>`,
    );
    expect(html).not.toMatch(/<script|"1"|token=a\.b\.c">/);
    expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;');
  });

  it('removes line breaks from the subject, so a name cannot add a header', () => {
    expect(welcomeText({ ...invited, organization_name: 'Acme\r\nBcc: all@example.com' }, LINK).subject).not.toMatch(/[\r\n]/);
  });
});
