import { loadSettings, newId } from '@pikaia/core';
import { PostponeError } from '@pikaia/events';
import { captureLogs } from '@pikaia/logging/testing';
import { SesStub } from '../../../../test/support/aws/ses.stub.js';
import { loadMailer } from './load-mailer.js';
import { MailSettings } from './mail.settings.js';
import { toMailError } from './ses.errors.js';
import { SesMailer } from './ses.mailer.js';

const environment = { MAIL_TRANSPORT: 'ses', MAIL_FROM: 'Acme Post <no-reply@acme.example>' };
const aws = ['AWS_ENDPOINT_URL_SESV2', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;
const before = Object.fromEntries(aws.map((name) => [name, process.env[name]]));
let stub: SesStub;

beforeAll(async () => {
  stub = await SesStub.start();
  const values = [stub.url, 'eu-central-1', 'AKIDTEST', 'secret'];
  aws.forEach((name, at) => (process.env[name] = values[at]));
});
afterAll(async () => {
  await stub.stop();
  for (const name of aws) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});
beforeEach(() => {
  stub.emails.length = 0;
  stub.calls = 0;
  stub.fault = undefined;
});

const mail = () => ({
  id: newId(),
  to: { name: 'Bob Börner', address: 'bob@example.com' },
  subject: 'Alice lädt Sie ein',
  text: 'Hello',
  html: '<p>Hello</p>',
  correlationId: newId(),
});

async function mailer(more: Record<string, string> = {}): Promise<SesMailer> {
  const [settings] = loadSettings([MailSettings], { ...environment, ...more });
  return (await loadMailer(settings, '/nowhere')) as SesMailer;
}

describe('SesMailer', () => {
  it('sends an email once, with its correlation id, and returns the message id of SES', async () => {
    const email = mail();
    const ses = await mailer({ MAIL_CONFIGURATION_SET: 'pikaia' });
    expect(await ses.send(email)).toEqual({ messageId: '<0107-1@eu-central-1.amazonses.com>' });
    ses.close();
    expect(stub.emails).toEqual([
      {
        from: 'Acme Post <no-reply@acme.example>',
        to: ['bob@example.com'],
        raw: expect.stringContaining(`X-Correlation-ID: ${email.correlationId}`),
        tags: { mail_id: email.id, correlation_id: email.correlationId },
        configurationSet: 'pikaia',
        accessKeyId: 'AKIDTEST',
        sentAt: expect.any(Number),
      },
    ]);
    expect(stub.emails[0]!.raw).toMatch(/^From: Acme Post <no-reply@acme\.example>\r?$/m);
  });

  it.each([
    ['throttled', { status: 400, code: 'TooManyRequestsException' }],
    ['over its daily quota', { status: 400, code: 'LimitExceededException' }],
    ['paused', { status: 400, code: 'SendingPausedException' }],
    ['refusing permission', { status: 403, code: 'AccessDeniedException' }],
    ['refusing expired credentials', { status: 403, code: 'ExpiredTokenException' }],
    ['missing the configuration set', { status: 404, code: 'NotFoundException' }],
    ['down', { status: 503, code: 'ServiceUnavailable' }],
  ])('postpones an email after one attempt while SES is %s', async (_, fault) => {
    stub.fault = fault;
    const ses = await mailer();
    await expect(ses.send(mail())).rejects.toBeInstanceOf(PostponeError);
    expect(stub.calls).toBe(1);
  });

  it.each(['silent', 'accepted silently'] as const)('postpones an email within the timeout if SES is %s', async (fault) => {
    stub.fault = fault;
    const ses = await mailer({ MAIL_TIMEOUT_MS: '200' });
    const startedAt = performance.now();
    await expect(ses.send(mail())).rejects.toBeInstanceOf(PostponeError);
    expect(performance.now() - startedAt).toBeLessThan(9_000); // the default timeout is ten seconds
  });

  it('refuses an email that SES refuses, and logs no address', async () => {
    stub.fault = { status: 400, code: 'MessageRejected', message: 'Email address is not verified: bob@example.com (EU)' };
    using logs = captureLogs();
    const error: unknown = await (await mailer()).send(mail()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'PIKAIA_MAIL_REFUSED',
      message: 'SES refused the email: MessageRejected: Email address is not verified: [address] (EU)',
    });
    expect(JSON.stringify(logs.records)).not.toContain('bob@');
    expect(String((error as Error).stack)).not.toContain('bob@');
  });

  it('postpones an email if credentials are missing, and returns a programming error unchanged', () => {
    const named = (name: string) => Object.assign(new Error('no'), { name });
    expect(toMailError(named('CredentialsProviderError'))).toBeInstanceOf(PostponeError);
    const mistake = new TypeError('x is not a function');
    expect(toMailError(mistake)).toBe(mistake);
  });
});

describe('MailSettings', () => {
  const load = (values: Record<string, string>) => loadSettings([MailSettings], values)[0];

  it('selects files outside production and SES in production, where a sender is required', () => {
    expect(load({})).toMatchObject({ transport: 'file', sender: 'Pikaia <no-reply@pikaia.example>', mailTimeoutMs: 10_000 });
    const nodeEnv = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      expect(() => load({})).toThrow(/MAIL_FROM is not set/);
      expect(load({ MAIL_FROM: 'a@b.example' })).toMatchObject({ transport: 'ses', sender: 'a@b.example' });
      expect(load({ MAIL_TRANSPORT: 'file' })).toMatchObject({ transport: 'file' });
    } finally {
      process.env['NODE_ENV'] = nodeEnv;
    }
  });

  it.each(['nobody', 'A <a@b>, C <c@d>', 'A <a@b> <c@d>', 'A\r\nBcc: x <a@b>'])('refuses %j as a sender', (from) => {
    expect(() => load({ MAIL_FROM: from })).toThrow(/MAIL_FROM is/);
  });
});
