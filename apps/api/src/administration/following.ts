import type { CommandView } from '@pikaia/events';
import type { FastifyReply } from 'fastify';
import { API_PREFIX } from '../server/api-prefix.js';

/** The answer to a command that is carried out later: where to follow it. */
export async function following(reply: FastifyReply, asked: Promise<CommandView>): Promise<CommandView> {
  const command = await asked;
  void reply.header('location', `/${API_PREFIX}/admin/outbox/commands/${command.id}`);
  return command;
}
