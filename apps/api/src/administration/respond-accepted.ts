import type { CommandView } from '@pikaia/events';
import type { FastifyReply } from 'fastify';
import { API_PREFIX } from '../server/api-prefix.js';

/** Responds to a request that started a command. The Location header is the URL of the command. */
export async function respondAccepted(reply: FastifyReply, accepted: Promise<CommandView>): Promise<CommandView> {
  const command = await accepted;
  void reply.header('location', `/${API_PREFIX}/admin/outbox/commands/${command.id}`);
  return command;
}
