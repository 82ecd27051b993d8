import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PikaiaError } from '@pikaia/core';
import type { ConsumerSettings } from './consumer.settings.js';
import { requestLimits } from './request-limits.js';

const PATIENCE_MS = 2_000; // of one attempt; the start of a Lambda may take ten seconds

/**
 * What the secrets of the settings hold, as the variables that a process elsewhere would be given.
 *
 * @throws PikaiaError `PIKAIA_SECRET_UNREADABLE` naming the secret, never what is in it.
 */
export async function readSecrets({ databaseSecretArn, invitationSecretArn }: ConsumerSettings): Promise<Record<string, string>> {
  if (databaseSecretArn === undefined && invitationSecretArn === undefined) return {};
  const client = new SecretsManagerClient({ requestHandler: requestLimits(PATIENCE_MS) });
  try {
    const [database, invitation] = await Promise.all(
      [databaseSecretArn, invitationSecretArn].map((arn) => (arn === undefined ? undefined : read(client, arn))),
    );
    return {
      ...(database !== undefined && loginOf(databaseSecretArn!, database)),
      ...(invitation !== undefined && { INVITATION_SECRET: invitation }),
    };
  } finally {
    client.destroy();
  }
}

async function read(client: SecretsManagerClient, arn: string): Promise<string> {
  try {
    const { SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    if (text) return text;
  } catch (cause) {
    throw unreadable(arn, `${(cause as Error).name}: ${(cause as Error).message}`, cause);
  }
  throw unreadable(arn, 'it has no text');
}

function loginOf(arn: string, text: string): Record<string, string> {
  let login: { readonly username?: unknown; readonly password?: unknown } | null;
  try {
    login = JSON.parse(text) as typeof login;
  } catch {
    throw unreadable(arn, 'it is no JSON'); // without the cause, whose message quotes the text
  }
  const { username, password } = login ?? {};
  if (typeof username !== 'string' || typeof password !== 'string') throw unreadable(arn, 'it has no username or no password');
  return { DATABASE_USER: username, DATABASE_PASSWORD: password };
}

const unreadable = (arn: string, why: string, cause?: unknown): PikaiaError =>
  new PikaiaError('PIKAIA_SECRET_UNREADABLE', `The secret ${arn} cannot be used: ${why}.`, { cause });
