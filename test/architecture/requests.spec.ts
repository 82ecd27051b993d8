import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { getMetadataStorage, IsOptional, IsString, validateSync } from 'class-validator';
import { OptionalField } from '@pikaia/core';
import {
  MemberInvited,
  MemberJoined,
  SubscriptionActivated,
  SubscriptionCanceled,
  SubscriptionUpdated,
  UserProfileUpdated,
  WebhookEndpointDisabled,
} from '@pikaia/contracts';
import { Inviter } from '../../libs/contracts/src/members/member-invited.v1.js';
import { FindAuditLogsRequest } from '../../apps/api/src/administration/audit-log.requests.js';
import { EventFilterRequest, FindEventsRequest } from '../../apps/api/src/administration/event.requests.js';
import {
  FindCommandsRequest,
  PreviewReplayRequest,
  ReasonRequest,
  ReplayEventsRequest,
  ReplayFilterRequest,
  SinkRequest,
} from '../../apps/api/src/administration/operation.requests.js';
import { ActivityRequest } from '../../apps/api/src/administration/people.requests.js';
import { ChangeRoleRequest, InviteRequest, PermissionsRequest } from '../../apps/api/src/members/member.requests.js';
import { UpdateOrganizationRequest } from '../../apps/api/src/organizations/organization.requests.js';
import { FindDeliveriesRequest } from '../../apps/api/src/webhook-endpoints/webhook-delivery.requests.js';
import {
  CreateWebhookEndpointRequest,
  RotateSecretRequest,
  UpdateWebhookEndpointRequest,
} from '../../apps/api/src/webhook-endpoints/webhook-endpoint.requests.js';

const root = resolve(__dirname, '../..');

/** Classes whose values come from external JSON. A test below fails if a class is missing here. */
const CLASSES: readonly (new () => object)[] = [
  FindAuditLogsRequest,
  EventFilterRequest,
  FindEventsRequest,
  ActivityRequest,
  ReasonRequest,
  SinkRequest,
  ReplayFilterRequest,
  ReplayEventsRequest,
  PreviewReplayRequest,
  FindCommandsRequest,
  InviteRequest,
  ChangeRoleRequest,
  PermissionsRequest,
  UpdateOrganizationRequest,
  MemberInvited,
  Inviter,
  MemberJoined,
  UserProfileUpdated,
  SubscriptionActivated,
  SubscriptionUpdated,
  SubscriptionCanceled,
  CreateWebhookEndpointRequest,
  UpdateWebhookEndpointRequest,
  RotateSecretRequest,
  FindDeliveriesRequest,
  WebhookEndpointDisabled,
];

const FILES = ['apps/*/src/**/*.request.ts', 'apps/*/src/**/*.requests.ts', 'libs/contracts/src/**/*.v*.ts'];

const usesIsOptional = (source: string): boolean => /@IsOptional\(/.test(source);

/** The fields of a class that accept null. */
function fieldsThatAcceptNull(type: new () => object): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const fields = [...new Set(rules.map(({ propertyName }) => propertyName))];
  const refused = validateSync(Object.assign(new type(), Object.fromEntries(fields.map((field) => [field, null])))).map(
    ({ property }) => property,
  );
  return fields.filter((field) => !refused.includes(field));
}

class Planted {
  @IsOptional()
  @IsString()
  wrong?: string;

  @OptionalField()
  @IsString()
  right?: string;
}

describe('request classes and event contracts', () => {
  it('and all other classes use OptionalField instead of IsOptional, which accepts null', () => {
    const files = globSync('{apps,libs}/*/src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.spec.ts'));
    expect(files.length).toBeGreaterThan(200);
    expect(files.filter((file) => usesIsOptional(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('are all in the list below if they have an optional field', () => {
    const names = globSync(FILES, { cwd: root })
      .flatMap((file) => readFileSync(join(root, file), 'utf8').split(/^export /m))
      .filter((part) => part.includes('@OptionalField()') && !/^class (LimitRequest|PageRequest)\b/.test(part)) // base classes
      .map((part) => /^class (\w+)/.exec(part)?.[1]);
    expect(names.filter((name) => !CLASSES.some((known) => known.name === name))).toEqual([]);
  });

  it.each(CLASSES.map((type) => [type.name, type] as const))('%s refuses null in every field', (_, type) => {
    expect(fieldsThatAcceptNull(type)).toEqual([]);
  });

  it('the check reports a class that accepts null', () => {
    expect(fieldsThatAcceptNull(Planted)).toEqual(['wrong']);
    expect(usesIsOptional('  @IsOptional()')).toBe(true);
  });

  it('accept an optional field that is absent', () => {
    expect(validateSync(new Planted())).toEqual([]);
  });
});
