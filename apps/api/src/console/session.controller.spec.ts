import type { FastifyReply, FastifyRequest } from 'fastify';
import { SessionCookie } from '../authentication/session-cookie.js';
import { SessionRefusedError, SessionsUnavailableError } from '../authentication/session-verifier.js';
import { ConsoleSettings } from './console.settings.js';
import { ConsoleSessionController } from './session.controller.js';

describe('ConsoleSessionController', () => {
  it.each([
    [401, new SessionRefusedError('"exp" claim timestamp check failed')],
    [503, new SessionsUnavailableError(1, {})],
  ])('responds %i and sets no cookie if the session cannot be verified again after the guard: %s', async (status, error) => {
    const header = jest.fn();
    const sessions = { verify: () => Promise.reject(error) };
    const controller = new ConsoleSessionController(new SessionCookie(new ConsoleSettings()), sessions);
    const request = { headers: { authorization: 'Bearer a.b.c' } } as FastifyRequest;
    await expect(controller.signIn(request, { header } as unknown as FastifyReply)).rejects.toMatchObject({ status });
    expect(header).not.toHaveBeenCalled();
  });
});
