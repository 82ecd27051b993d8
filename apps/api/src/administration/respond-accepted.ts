import type { CommandView } from '@pikaia/events';
import type { FastifyReply } from 'fastify';
import type { EndpointDescription } from '../openapi/endpoint.decorator.js';
import { adminPath } from './listed.js';
import { CommandView as CommandSchema } from './outbox.views.js';

/** The response of the endpoints that start a command. */
export const ACCEPTED_COMMAND = {
  responses: { 202: CommandSchema },
  responseHeaders: [
    {
      name: 'Location',
      description: 'The path of the command.',
      example: adminPath('outbox/commands/019c12f4-7175-7abc-8504-af03c46f1d1b'),
    },
  ],
} satisfies Partial<EndpointDescription>;

/** Responds to a request that started a command. The Location header is the URL of the command. */
export async function respondAccepted(reply: FastifyReply, accepted: Promise<CommandView>): Promise<CommandView> {
  const command = await accepted;
  void reply.header('location', adminPath(`outbox/commands/${command.id}`));
  return command;
}
