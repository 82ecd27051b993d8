import type { IKey } from 'aws-cdk-lib/aws-kms';
import { DataIdentifier, DataProtectionPolicy, FieldIndexPolicy, LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { LogField } from '@pikaia/logging';
import { Construct } from 'constructs';
import { RETAINED } from '../retain.ts';

export interface LogStoreOptions {
  readonly name: string;
  readonly days: number;
  readonly key: IKey;
  /** Whether it contains the JSON lines of Pikaia's processes. */
  readonly holdsRecords: boolean;
}

/** The fields that queries filter by. With an index, a query reads only matching lines. */
export const INDEXED_FIELDS: readonly string[] = [
  LogField.traceId,
  LogField.event,
  LogField.userId,
  LogField.organizationId,
  LogField.level,
];

/**
 * Data that CloudWatch masks unless the reader has the permission `logs:Unmask`. A second line of defense after redaction in the
 * process. Email addresses are not masked, because support searches by usr.email.
 */
const MASKED = [
  DataIdentifier.AWSSECRETKEY,
  DataIdentifier.OPENSSHPRIVATEKEY,
  DataIdentifier.PGPPRIVATEKEY,
  DataIdentifier.PKCSPRIVATEKEY,
  DataIdentifier.PUTTYPRIVATEKEY,
  DataIdentifier.CREDITCARDNUMBER,
];

/** An encrypted log group with a fixed retention. If it holds records, it has field indexes and data protection. */
export class LogStore extends Construct {
  readonly group: LogGroup;

  constructor(scope: Construct, id: string, { name, days, key, holdsRecords }: LogStoreOptions) {
    super(scope, id);
    this.group = new LogGroup(this, 'Group', {
      logGroupName: name,
      retention: days as RetentionDays, // the settings accept only valid values
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
