import { context } from '@pikaia/core';
import type { Identity } from './identity.js';

/** Binds the person as the actor of the request, and the organization of a member. Events and audit entries name both. */
export function bindIdentity(identity: Identity): void {
  context.bind({
    actor: Object.freeze({
      type: identity.kind === 'operator' ? 'operator' : 'user',
      id: identity.userId,
      email: identity.email,
      ...(identity.name !== null && { name: identity.name }),
    }),
    ...(identity.kind === 'member' && { organizationId: identity.organizationId }),
  });
}
