import type { IKey } from 'aws-cdk-lib/aws-kms';
import { DataIdentifier, DataProtectionPolicy, FieldIndexPolicy, LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { LogField } from '@pikaia/logging';
import { Construct } from 'constructs';
import { RETAINED } from '../retain.ts';

export interface LogStoreOptions {
  readonly name: string;
  readonly days: number;
  readonly key: IKey;
  /** Whether it holds the JSON lines of our processes. */
  readonly holdsRecords: boolean;
}

/** The fields that queries filter by: an index spares them the reading of everything else. */
export const INDEXED_FIELDS: readonly string[] = [
  LogField.traceId,
  LogField.event,
  LogField.userId,
  LogField.organizationId,
  LogField.level,
];

/**
 * What is masked when a log is read, unless the reader may `logs:Unmask`. A second net below redaction in the process. Mail
 * addresses are not in it: usr.email is what support searches by.
 */
const MASKED = [
  DataIdentifier.AWSSECRETKEY,
  DataIdentifier.OPENSSHPRIVATEKEY,
  DataIdentifier.PGPPRIVATEKEY,
  DataIdentifier.PKCSPRIVATEKEY,
  DataIdentifier.PUTTYPRIVATEKEY,
  DataIdentifier.CREDITCARDNUMBER,
];

/** A log group under /pikaia/: encrypted, kept for a stated time, with field indexes and data protection where it holds our records. */
export class LogStore extends Construct {
  readonly group: LogGroup;

  constructor(scope: Construct, id: string, { name, days, key, holdsRecords }: LogStoreOptions) {
    super(scope, id);
    this.group = new LogGroup(this, 'Group', {
      logGroupName: name,
      retention: days as RetentionDays, // the settings accept no others
      encryptionKey: key,
      removalPolicy: RETAINED,
      ...(holdsRecords && {
        fieldIndexPolicies: [new FieldIndexPolicy({ fields: [...INDEXED_FIELDS] })],
        dataProtectionPolicy: new DataProtectionPolicy({
          name: 'pikaia-secrets',
          description: 'Masks keys and card numbers that redaction missed',
          identifiers: MASKED,
        }),
      }),
    });
  }
}
