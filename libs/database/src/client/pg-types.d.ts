/** The default parsers of pg-types, before an application replaces any. The package has no types for this module. */
declare module 'pg-types/lib/textParsers.js' {
  const textParsers: { init(register: (oid: number, parse: (text: string) => unknown) => void): void };
  export default textParsers;
}
