import type { RequestListener } from 'node:http';
import { HttpStub } from '../http/http.stub.js';

/** AWS Secrets Manager over HTTP. It supports only GetSecretValue. */
export class SecretsStub extends HttpStub {
  /** If true, the stub never responds. */
  isSilent = false;

  private constructor(/** By ARN. */ private readonly secrets: Record<string, string>) {
    super();
  }

  static start(secrets: Readonly<Record<string, string>>): Promise<SecretsStub> {
    return new SecretsStub({ ...secrets }).listen();
  }

  replace(arn: string, text: string): void {
    this.secrets[arn] = text;
  }

  protected readonly respond: RequestListener = async (request, response) => {
    const { SecretId } = JSON.parse(Buffer.concat(await request.toArray()).toString('utf8')) as { SecretId: string };
    if (this.isSilent) return;
    const text = this.secrets[SecretId];
    response.writeHead(text === undefined ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
    const missing = { __type: 'ResourceNotFoundException', Message: "Secrets Manager can't find the specified secret." };
    response.end(JSON.stringify(text === undefined ? missing : { ARN: SecretId, SecretString: text }));
  };
}
