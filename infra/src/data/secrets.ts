import { Key, type IKey } from 'aws-cdk-lib/aws-kms';
import { Secret, type ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { RETAINED } from '../retain.ts';

export interface Secrets {
  /** Encrypts all secrets. */
  readonly key: IKey;
  /** The owner of the schema. Only the migrations use it. */
  readonly owner: ISecret;
  readonly api: ISecret;
  readonly worker: ISecret;
  /** The role of people who read with SQL, if database_access is on. */
  readonly reader: ISecret | undefined;
  /** CURSOR_SECRET: signs the cursors of lists. */
  readonly cursor: ISecret;
  /** INVITATION_SECRET: signs the tokens of invitation links. */
  readonly invitation: ISecret;
  /** WEBHOOK_SECRET_KEYS: encrypts the secrets of webhook endpoints. */
  readonly webhooks: ISecret;
}

// 40 letters and digits have more than 230 bits, and need no quoting in a URL or a shell.
const PASSWORD_OPTIONS = { passwordLength: 40, excludePunctuation: true };

/**
 * Secrets that AWS generates in the account, so that no template, log or deployer contains a value. Their names are fixed, because
 * people and tasks refer to them.
 */
export function createSecrets(scope: Construct, key: Key, access: boolean): Secrets {
  const secret = (id: string, name: string, description: string, username?: string): Secret =>
    new Secret(scope, id, {
      secretName: name,
      description,
      encryptionKey: key,
      removalPolicy: RETAINED,
      generateSecretString:
        username === undefined
          ? PASSWORD_OPTIONS
          : { ...PASSWORD_OPTIONS, secretStringTemplate: JSON.stringify({ username }), generateStringKey: 'password' },
    });
  return {
    key,
    owner: secret('OwnerSecret', 'pikaia/database/owner', 'Owner of the database: the migrations alone', 'pikaia_owner'),
    api: secret('ApiSecret', 'pikaia/database/api', 'Role of the api', 'pikaia_api'),
    worker: secret('WorkerSecret', 'pikaia/database/worker', 'Role of worker and consumers', 'pikaia_worker'),
    reader: access ? secret('ReaderSecret', 'pikaia/database/reader', 'Role of people who read', 'pikaia_reader') : undefined,
    cursor: secret('CursorSecret', 'pikaia/cursor', 'Signs the cursors of lists'),
    invitation: secret('InvitationSecret', 'pikaia/invitation', 'Signs the tokens of invitation links'),
    webhooks: secret('WebhookSecret', 'pikaia/webhooks', 'Encrypts the secrets of webhook endpoints'),
  };
}

/**
 * References to the secrets for use in another stack. Only the role of the reader then grants access to a secret and its key.
 * By default the CDK also changes the policy of the key, which would make this stack depend on the stacks that use it.
 */
export function secretReferences(scope: Construct, secrets: Secrets): Secrets {
  const names = new Construct(scope, 'Secrets');
  const reference = (name: Exclude<keyof Secrets, 'key' | 'reader'>): ISecret =>
    Secret.fromSecretCompleteArn(names, name, secrets[name].secretArn);
  return {
    key: Key.fromKeyArn(names, 'Key', secrets.key.keyArn),
    owner: reference('owner'),
    api: reference('api'),
    worker: reference('worker'),
    reader: secrets.reader && Secret.fromSecretCompleteArn(names, 'reader', secrets.reader.secretArn),
    cursor: reference('cursor'),
    invitation: reference('invitation'),
    webhooks: reference('webhooks'),
  };
}
