import { baseOf } from './console.page.js';

describe('baseOf', () => {
  it.each([
    ['/console', ''],
    ['/console', '/operations'],
    ['/console/', ''],
    ['/console/', '/operations'],
    ['/console/events', ''],
    ['/console/c/019c12f4-7175-7abc-8504-af03c46f1d1b', '/operations/pikaia'],
    ['/console/events/', ''],
    ['/console//events', '/operations'],
    ['/console/c/%2F%2Fevil.example', ''],
  ])('leads from %s to the console, also behind the path prefix %j of a proxy', (path, prefix) => {
    const page = `https://example.com${prefix}${path}`;
    expect(new URL(baseOf(path), page).href).toBe(`https://example.com${prefix}/console/`);
  });
});
