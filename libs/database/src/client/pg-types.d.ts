/** The parsers that pg-types registers by default, before any application has replaced one. The package has no types for it. */
declare module 'pg-types/lib/textParsers.js' {
  const textParsers: { init(register: (oid: number, parse: (text: string) => unknown) => void): void };
  export default textParsers;
}
