import type { FastifyRequest } from 'fastify';
import { isFromThisComputer } from './demo-people.js';

describe('isFromThisComputer', () => {
  it.each([
    ['127.0.0.1', 'localhost:3000', true],
    ['::1', '[::1]:3000', true],
    ['::ffff:127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', 'pikaia.localhost:3000', true],
    ['192.168.1.5', 'localhost:3000', false],
    ['::ffff:10.0.0.7', '127.0.0.1:3000', false],
    ['172.18.0.1', '127.0.0.1:3000', false],
    ['127.0.0.1', 'evil.example:3000', false],
    ['127.0.0.1', '127.0.0.1.evil.example', false],
    ['127.0.0.1', 'localhost@evil.example', false],
    ['127.0.0.1', undefined, false],
    [undefined, 'localhost', false],
  ])('of a connection from %s to the host %s is %s', (remoteAddress, host, expected) => {
    expect(isFromThisComputer({ socket: { remoteAddress }, headers: { host } } as unknown as FastifyRequest)).toBe(expected);
  });
});
