interface Fixture {
  open(): Promise<void>;
  reset?(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the fixture before the tests of the calling suite, resets it before each test, if it can, and closes it after them. */
export function useFixture<T extends Fixture>(fixture: T): T {
  beforeAll(() => fixture.open());
  beforeEach(() => fixture.reset?.());
  afterAll(() => fixture.close());
  return fixture;
}
