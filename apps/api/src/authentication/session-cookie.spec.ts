import { ConsoleSettings } from '../console/console.settings.js';
import { SessionCookie } from './session-cookie.js';

describe('SessionCookie', () => {
  const cookie = new SessionCookie(new ConsoleSettings());

  it.each([
    [61_999, 61],
    [999, 0],
    [0, 0],
    [-1, 0],
    [-30_000, 0], // the token expired while the request was served
  ])('keeps a token that expires in %i ms for %i seconds', (remainingMs, seconds) => {
    jest.useFakeTimers({ now: 1_800_000_000_000 });
    try {
      const session = { kind: 'operator', id: 's', subject: 'p', expiresAtMs: Date.now() + remainingMs } as const;
      expect(cookie.keep('a.b.c', session)).toBe(`pikaia-session=a.b.c; Max-Age=${seconds}; Path=/; HttpOnly; SameSite=Strict`);
    } finally {
      jest.useRealTimers();
    }
  });
});
