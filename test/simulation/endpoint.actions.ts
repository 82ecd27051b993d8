import type { OrganizationAction } from './member.actions.js';

/** What an organization does with its webhook endpoint, whose receiver is the stub of `World`. */
export const ENDPOINT_ACTIONS = {
  'registers a webhook endpoint': async (organization, { step, admin }) => {
    const { world, mark, endpoints } = organization;
    const path = `/${mark}/${step.number}`;
    const { status, body } = await world.client.change({
      step,
      token: await organization.token(admin),
      method: 'POST',
      path: '/webhooks/endpoints',
      body: { url: `${world.receiver.url}${path}`, event_types: ['*'] },
    });
    if (status === 201) endpoints.push({ id: String(body['id']), path, secret: String(body['secret']) });
  },

  'describes its webhook endpoint': async (organization, { step, admin }) => {
    const [endpoint] = organization.endpoints;
    if (!endpoint) return;
    await organization.world.client.change({
      step,
      token: await organization.token(admin),
      method: 'PATCH',
      path: `/webhooks/endpoints/${endpoint.id}`,
      body: { description: `Described in step ${step.number}` },
    });
  },
} satisfies Record<string, OrganizationAction>;
