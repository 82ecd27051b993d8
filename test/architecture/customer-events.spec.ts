import * as contracts from '../../libs/contracts/src/index.js';
import { contractOf, type ContractClass } from '../../libs/events/src/contract/domain-event.js';
import { CUSTOMER_EVENTS } from '../../libs/webhooks/src/index.js';

/** The contracts whose events are not sent to webhook endpoints, with the reason. A new contract is in CUSTOMER_EVENTS or here. */
const INTERNAL: Readonly<Record<string, string>> = {
  OrganizationCreated: 'an organization has no endpoint yet',
  OrganizationDeleted: 'the endpoints of a deleted organization get nothing',
  WebhookEndpointCreated: 'says where events are sent, which an endpoint need not know of others',
  WebhookEndpointDeleted: 'as WebhookEndpointCreated',
  WebhookEndpointDisabled: 'as WebhookEndpointCreated',
  WebhookEndpointUpdated: 'as WebhookEndpointCreated',
};

const isContract = (value: unknown): value is ContractClass => {
  try {
    return typeof value === 'function' && contractOf(value as ContractClass) !== undefined;
  } catch {
    return false; // a class inside a contract
  }
};

/** The names of the contracts that are in none of the two lists, or in both. */
const unclassified = (classes: readonly ContractClass[]): string[] =>
  classes.filter((type) => CUSTOMER_EVENTS.includes(type) === type.name in INTERNAL).map(({ name }) => name);

describe('each contract of the example', () => {
  const all = Object.values<unknown>(contracts).filter(isContract);

  it('is sent to webhook endpoints, or the list above says why it is not', () => {
    expect(all.length).toBeGreaterThan(15);
    expect(unclassified(all)).toEqual([]);
  });

  it('would be reported if it were in no list', () => {
    class Planted {}
    expect(unclassified([...all, Planted])).toEqual(['Planted']);
  });
});
