import type { RequestListener } from 'node:http';
import { HttpStub } from '../http/http.stub.js';

export interface SentEmail {
  readonly from: string;
  readonly to: readonly string[];
  /** The email as sent, with headers and parts. */
  readonly raw: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly configurationSet?: string;
  readonly accessKeyId: string;
  /** Unix milliseconds. */
  readonly sentAt: number;
}

interface SendEmail {
  readonly FromEmailAddress: string;
  readonly Destination: { readonly ToAddresses: readonly string[] };
  readonly Content: { readonly Raw: { readonly Data: string } };
  readonly EmailTags?: readonly { readonly Name: string; readonly Value: string }[];
  readonly ConfigurationSetName?: string;
}

/** The version 2 API of Amazon SES over HTTP. The stub stores each email, rejects it or never responds. */
export class SesStub extends HttpStub {
  readonly emails: SentEmail[] = [];
  calls = 0;
  /** The failure of the next calls. With 'silent' and 'accepted silently' the stub never responds. */
  fault:
    { readonly status: number; readonly code: string; readonly message?: string } | 'silent' | 'accepted silently' | undefined;

  static start(): Promise<SesStub> {
    return new SesStub().listen();
  }

  protected readonly respond: RequestListener = async (request, response) => {
    this.calls++;
    const { fault } = this;
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString('utf8')) as SendEmail;
    const answer = (status: number, value: object, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
    if (request.url !== '/v2/email/outbound-emails') return void answer(404, {}, { 'x-amzn-errortype': 'NotFoundException' });
    if (fault === 'silent') return;
    if (typeof fault === 'object') {
      return void answer(fault.status, { message: fault.message ?? fault.code }, { 'x-amzn-errortype': fault.code });
    }
    this.emails.push(toSentEmail(body, request.headers.authorization));
    if (fault === undefined) answer(200, { MessageId: `0107-${this.emails.length}` });
  };
}

const toSentEmail = (
  { FromEmailAddress, Destination, Content, EmailTags = [], ConfigurationSetName }: SendEmail,
  authorization = '',
): SentEmail => ({
  from: FromEmailAddress,
  to: Destination.ToAddresses,
  raw: Buffer.from(Content.Raw.Data, 'base64').toString('utf8'),
  tags: Object.fromEntries(EmailTags.map(({ Name, Value }) => [Name, Value])),
  ...(ConfigurationSetName !== undefined && { configurationSet: ConfigurationSetName }),
  accessKeyId: /Credential=([^/]+)/.exec(authorization)?.[1] ?? '',
  sentAt: Date.now(),
});
