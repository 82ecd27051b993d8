import type { ConsumerDefinition } from '../consume/consumer.definition.js';
import { chooseConsumers } from './choose-consumers.js';

const consumers = ['welcome-email', 'permissions-cache', 'billing'].map((name) => ({ name }) as ConsumerDefinition);
const chosen = (names: string | undefined): string[] => chooseConsumers(names, consumers).map(({ name }) => name);

describe('the consumers of the sink local', () => {
  it('are all consumers of the application without a list', () => {
    expect(chosen(undefined)).toEqual(['welcome-email', 'permissions-cache', 'billing']);
  });

  it('are those of the list, each once', () => {
    expect(chosen('billing, welcome-email,billing')).toEqual(['billing', 'welcome-email']);
  });

  it('are refused if the application has no consumer of a name, with the names that it has', () => {
    expect(() => chosen('billing,permission-cache')).toThrow(
      expect.objectContaining({
        code: 'PIKAIA_CONSUMER_UNKNOWN',
        message: expect.stringMatching(/"permission-cache".*Its consumers: welcome-email, permissions-cache, billing\.$/),
      }),
    );
    expect(() => chooseConsumers('billing', [])).toThrow('Its consumers: none.');
  });
});
