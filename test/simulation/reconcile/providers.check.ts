import { isSame, Differences, textOf, type Check } from './check.js';

interface Item {
  readonly price: { readonly id: string };
  readonly quantity?: number;
}

/** Each subscription is as Stripe has it, and nobody who was deleted at Stytch is an active member. */
export const checkProviders: Check = ({ rows, subscriptions, deletedAccounts }) => {
  const differences = new Differences();
  const stored = new Map(
    rows.filter(({ table }) => table === 'subscription').map((row) => [row.columns['provider_id'], row.columns]),
  );
  for (const [id, object] of subscriptions) {
    const columns = stored.get(id);
    if (!columns) {
      differences.list.push(`the subscription ${id} of Stripe has no row`);
      continue;
    }
    const item = (object['items'] as { data: Item[] }).data[0]!;
    const expected = { status: object['status'], price_id: item.price.id, quantity: item.quantity };
    for (const [field, value] of Object.entries(expected))
      differences.expect(
        isSame(columns[field], value),
        () => `${id} has the ${field} ${textOf(columns[field])}, and at Stripe ${textOf(value)}`,
      );
  }
  const deleted = new Set<unknown>(deletedAccounts);
  for (const { id, columns } of rows.filter(({ table }) => table === 'member'))
    differences.expect(
      columns['status'] !== 'active' || !deleted.has(columns['provider_id']),
      () => `the member ${id} is active, and ${textOf(columns['provider_id'])} was deleted at Stytch`,
    );
  return differences.result(
    'Stytch and Stripe',
    `${subscriptions.size} subscriptions, ${deletedAccounts.length} deleted accounts`,
  );
};
