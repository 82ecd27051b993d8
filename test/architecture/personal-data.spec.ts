import * as contracts from '../../libs/contracts/src/index.js';
import { describeDataClass, describeInnerClasses } from '../../libs/events/src/contract/data-class.js';
import { contractOf, type ContractClass } from '../../libs/events/src/contract/domain-event.js';
import { isPersonal, Personal } from '../../libs/events/src/contract/personal.decorator.js';
import { DomainEvent } from '../../libs/events/src/contract/domain-event.js';
import { IsString } from 'class-validator';

/** The fields of contracts that are not personal data, with the reason. A new field is marked `@Personal()` or is added here. */
const NOT_PERSONAL: Readonly<Record<string, string>> = {
  'Inviter.id': 'an id',
  'MemberInvited.user_id': 'an id',
  'MemberInvited.role': 'a role of the application',
  'MemberInvited.organization_name': 'the name of an organization',
  'MemberInvited.invited_at': 'the time of an invitation',
  'MemberInvited.invited_by': 'an object; its class marks its fields',
  'MemberInvitationRevoked.user_id': 'an id',
  'MemberInvitationRevoked.role': 'a role of the application',
  'MemberJoined.user_id': 'an id',
  'MemberJoined.role': 'a role of the application',
  'MemberRemoved.user_id': 'an id',
  'MemberRemoved.role': 'a role of the application',
  'MemberRoleChanged.old_role': 'a role of the application',
  'MemberRoleChanged.new_role': 'a role of the application',
  'MemberRoleChangedV2.user_id': 'an id',
  'MemberRoleChangedV2.old_role': 'a role of the application',
  'MemberRoleChangedV2.new_role': 'a role of the application',
  'OrganizationCreated.name': 'the name of an organization',
  'OrganizationCreated.slug': 'the slug of an organization',
  'OrganizationDeleted.name': 'the name of an organization',
  'OrganizationDeleted.slug': 'the slug of an organization',
  'OrganizationUpdated.changed': 'names of columns of an organization',
  'OrganizationUpdated.old': 'values of an organization, such as its name',
  'OrganizationUpdated.new': 'values of an organization, such as its name',
  'UserProfileUpdated.member_id': 'an id',
  'SubscriptionActivated.provider_id': 'an id',
  'SubscriptionActivated.status': 'a status of Stripe',
  'SubscriptionActivated.price_id': 'an id',
  'SubscriptionActivated.quantity': 'a number of units',
  'SubscriptionActivated.current_period_start': 'a time',
  'SubscriptionActivated.current_period_end': 'a time',
  'SubscriptionActivated.cancel_at_period_end': 'a choice of the organization',
  'SubscriptionCanceled.provider_id': 'an id',
  'SubscriptionCanceled.status': 'a status of Stripe',
  'SubscriptionCanceled.price_id': 'an id',
  'SubscriptionCanceled.quantity': 'a number of units',
  'SubscriptionCanceled.current_period_start': 'a time',
  'SubscriptionCanceled.current_period_end': 'a time',
  'SubscriptionCanceled.cancel_at_period_end': 'a choice of the organization',
  'SubscriptionUpdated.provider_id': 'an id',
  'SubscriptionUpdated.status': 'a status of Stripe',
  'SubscriptionUpdated.price_id': 'an id',
  'SubscriptionUpdated.quantity': 'a number of units',
  'SubscriptionUpdated.current_period_start': 'a time',
  'SubscriptionUpdated.current_period_end': 'a time',
  'SubscriptionUpdated.cancel_at_period_end': 'a choice of the organization',
  'SubscriptionUpdated.changed': 'names of fields of a subscription',
  'SubscriptionUpdated.old': 'values of a subscription, such as its status',
  'WebhookEndpointCreated.url': 'the URL of a server of the organization',
  'WebhookEndpointCreated.event_types': 'types of events',
  'WebhookEndpointDeleted.url': 'the URL of a server of the organization',
  'WebhookEndpointDisabled.url': 'the URL of a server of the organization',
  'WebhookEndpointDisabled.reason': 'a reason of the application',
  'WebhookEndpointDisabled.failing_since': 'a time',
  'WebhookEndpointDisabled.error_code': 'a code of the application',
  'WebhookEndpointDisabled.response_status': 'a status of HTTP',
  'WebhookEndpointUpdated.changed': 'names of columns of an endpoint',
  'WebhookEndpointUpdated.old': 'values of an endpoint, such as its URL',
  'WebhookEndpointUpdated.new': 'values of an endpoint, such as its URL',
};

const isContract = (value: unknown): value is ContractClass => {
  try {
    return typeof value === 'function' && contractOf(value as ContractClass) !== undefined;
  } catch {
    return false; // a class inside a contract
  }
};

/** The fields of the contracts, and of the classes inside them, without those with `@Personal()`. */
function unmarkedFields(classes: readonly Function[]): string[] {
  const all = new Set<Function>();
  for (const type of classes) describeInnerClasses(type, all);
  return [...all].flatMap((type) =>
    [...describeDataClass(type).fields.keys()]
      .filter((field) => !isPersonal(type, field))
      .map((field) => `${type.name}.${field}`),
  );
}

describe('the contracts of the example', () => {
  const published = Object.values<unknown>(contracts).filter(isContract);

  it('mark each field as personal data, or the list above says why it is not', () => {
    expect(published).toHaveLength(17);
    expect(unmarkedFields(published).sort()).toEqual(Object.keys(NOT_PERSONAL).sort());
  });

  it('would be refused with a new field that is neither marked nor listed', () => {
    @DomainEvent('planted.added', { version: 1, aggregate: 'planted' })
    class Planted {
      @Personal()
      @IsString()
      phone!: string;

      @IsString()
      address!: string;
    }
    expect(unmarkedFields([...published, Planted]).filter((field) => !(field in NOT_PERSONAL))).toEqual(['Planted.address']);
  });
});
