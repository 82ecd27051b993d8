import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileMailer } from '../../libs/notifications/src/mail/file.mailer.js';
import { newestInvitation } from '../../scripts/token/newest-invitation.ts';

const FRANK = 'frank@example.com';
const TOKEN = `${'header'.repeat(9)}.${'payload'.repeat(40)}.${'signature'.repeat(5)}`; // longer than a line of an email
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pikaia-mail-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const send = (id: string, address: string, token: string, name?: string) => {
  const link = `http://localhost:3000/invitations/accept?token=${token}`;
  const mailer = new FileMailer(directory, 'Pikaia <no-reply@example.com>');
  return mailer.send({
    id,
    to: { address, ...(name !== undefined && { name }) },
    subject: 'Invitation',
    text: `Accept it:\n${link}`,
    html: `<a href="${link}">Accept it</a>`,
    correlationId: id,
  });
};

describe('newestInvitation', () => {
  it('returns the token of the newest invitation to the address, as the link contains it', async () => {
    await send('1', FRANK, 'a.b.old');
    await send('2', FRANK, TOKEN, 'Frank Müller');
    await send('3', 'notfrank@example.com', 'a.b.other');
    expect(newestInvitation(directory, 'Frank@example.com')).toBe(TOKEN);
  });

  it('returns undefined if no email invites the address, or no email was written', async () => {
    await send('1', 'carol@example.com', TOKEN);
    expect(newestInvitation(directory, FRANK)).toBeUndefined();
    expect(newestInvitation(join(directory, 'missing'), FRANK)).toBeUndefined();
  });
});
