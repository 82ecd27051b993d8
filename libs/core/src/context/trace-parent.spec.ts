import { parseTraceParent, traceIdAsUuid } from './trace-parent.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('parseTraceParent', () => {
  it('returns a frozen object with the trace id and the parent id of a version 00 header', () => {
    const parsed = parseTraceParent(`00-${TRACE}-${PARENT}-01`)!;
    expect(parsed).toEqual({ traceId: TRACE, parentId: PARENT });
    expect(Object.isFrozen(parsed)).toBe(true);
    expect(traceIdAsUuid(parsed)).toBe('4bf92f35-77b3-4da6-a3ce-929d0e0e4736');
  });

  it('ignores additional fields of a later version', () => {
    expect(parseTraceParent(`cc-${TRACE}-${PARENT}-09-what-comes`)).toEqual({ traceId: TRACE, parentId: PARENT });
    expect(parseTraceParent(`cc-${TRACE}-${PARENT}-09`)).toEqual({ traceId: TRACE, parentId: PARENT });
  });

  it.each([
    ['a missing header', undefined],
    ['a list of headers', [`00-${TRACE}-${PARENT}-01`]],
    ['two headers joined with a comma', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
    ['an empty header', ''],
    ['version ff', `ff-${TRACE}-${PARENT}-01`],
    ['a version of one digit', `0-${TRACE}-${PARENT}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['a parent id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['upper-case letters', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['a trace id that is too short', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['a trace id that is too long', `00-${TRACE}0-${PARENT}-01`],
    ['a parent id that is too short', `00-${TRACE}-${PARENT.slice(1)}-01`],
    ['missing flags', `00-${TRACE}-${PARENT}`],
    ['additional fields in version 00', `00-${TRACE}-${PARENT}-01-more`],
    ['additional text without a dash', `cc-${TRACE}-${PARENT}-01more`],
    ['a line break', `00-${TRACE}-${PARENT}-01\n`],
    ['a letter that is not a hexadecimal digit', `00-${TRACE.replace('4', 'g')}-${PARENT}-01`],
    ['a header of more than 512 characters', `cc-${TRACE}-${PARENT}-01-${'x'.repeat(1_000)}`],
  ])('returns undefined for %s', (_, header) => {
    expect(parseTraceParent(header)).toBeUndefined();
  });
});
