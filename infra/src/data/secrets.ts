import { Key, type IKey } from 'aws-cdk-lib/aws-kms';
import { Secret, type ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { RETAINED } from '../retain.ts';

export interface Secrets {
  /** Encrypts all of them. */
  readonly key: IKey;
  /** Migrates, and does nothing else. */
  readonly owner: ISecret;
  readonly api: ISecret;
  readonly worker: ISecret;
  /** CURSOR_SECRET: signs the cursors of lists. */
  readonly cursor: ISecret;
  /** INVITATION_SECRET: signs the tokens of invitation links. */
  readonly invitation: ISecret;
}

// 40 letters and digits: more than 230 bits, and nothing that a URL or a shell would have to quote.
const STRENGTH = { passwordLength: 40, excludePunctuation: true };

/** Generated in the account, so that no template, no log and no deployer ever holds a value. Their names are fixed: people and tasks look them up. */
export function makeSecrets(scope: Construct, key: Key): Secrets {
  const secret = (id: string, name: string, description: string, username?: string): Secret =>
    new Secret(scope, id, {
      secretName: name,
      description,
      encryptionKey: key,
      removalPolicy: RETAINED,
      generateSecretString:
        username === undefined
          ? STRENGTH
          : { ...STRENGTH, secretStringTemplate: JSON.stringify({ username }), generateStringKey: 'password' },
    });
  return {
    key,
    owner: secret('OwnerSecret', 'pikaia/database/owner', 'Owner of the database: the migrations alone', 'pikaia_owner'),
    api: secret('ApiSecret', 'pikaia/database/api', 'Role of the api', 'pikaia_api'),
    worker: secret('WorkerSecret', 'pikaia/database/worker', 'Role of worker and consumers', 'pikaia_worker'),
    cursor: secret('CursorSecret', 'pikaia/cursor', 'Signs the cursors of lists'),
    invitation: secret('InvitationSecret', 'pikaia/invitation', 'Signs the tokens of invitation links'),
  };
}

/**
 * The secrets as another stack refers to them: who may read one, and decrypt it, is then said by the reader's role alone.
 * Said by the key's own policy, as CDK does, this stack would depend on those that are built on it.
 */
export function secretsFor(scope: Construct, secrets: Secrets): Secrets {
  const names = new Construct(scope, 'Secrets');
  const refer = (name: Exclude<keyof Secrets, 'key'>): ISecret =>
    Secret.fromSecretCompleteArn(names, name, secrets[name].secretArn);
  return {
    key: Key.fromKeyArn(names, 'Key', secrets.key.keyArn),
    owner: refer('owner'),
    api: refer('api'),
    worker: refer('worker'),
    cursor: refer('cursor'),
    invitation: refer('invitation'),
  };
}
