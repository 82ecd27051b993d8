import { isEmail } from 'class-validator';
import fc from 'fast-check';
import { domainToASCII } from 'node:url';
import { createTransport } from 'nodemailer';
import { emailKey, readableAddress } from './email-key.js';

const transport = createTransport({ streamTransport: true, buffer: true });

/** Returns the recipient to which nodemailer sends an email with this address. */
async function recipientOf(address: string): Promise<string> {
  const { envelope } = await transport.sendMail({ from: 'a@example.com', to: { name: '', address }, text: '' });
  return envelope.to[0]!;
}

const asciiLower = (text: string) => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

// Plain letters, and letters that some case folding maps to ASCII or to each other.
const LETTERS = [
  ...'kKisSaAzß',
  ...'\u0130\u0131\u212a\u017f\u1e9e\u03c2\u03c3\u03a3\uff41\u00ad\u200d\u0308üÜåÅ\u212b',
  '\u{10428}',
];
const MARKS = [...'.-_+@" 1'];
const domain = fc
  .array(fc.string({ unit: fc.constantFrom(...LETTERS, '-', '1'), minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 2 })
  .map((labels) => [...labels, 'example'].join('.'));
const encoded = fc.constantFrom(
  'xn--bcher-kva',
  'XN--BCHER-KVA',
  'xn--kiwi-rwc',
  'xn--kiwi',
  'xn--zzzzzz99999',
  'xn--',
  'xn--fa-hia',
);
const address = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(...LETTERS, ...MARKS), minLength: 1, maxLength: 4 }),
    fc.oneof(
      domain,
      encoded.map((label) => `${label}.example`),
      fc.domain(),
    ),
  )
  .map((parts) => parts.join('@'));
/** Returns letters that PostgreSQL, JavaScript, an IDNA mapping or a reader could confuse with this letter. */
function spellingsOf(letter: string): string[] {
  const folded = (text: string) => text.normalize('NFKC').toLowerCase().normalize('NFD').charAt(0);
  return [...LETTERS.filter((other) => folded(other) === folded(letter)), letter];
}
const plain = fc.tuple(fc.constantFrom('k', 'K', 'is', 'IS'), domain).map((parts) => parts.join('@'));

describe('emailKey', () => {
  it.each([
    ['Anna@Example.com', 'anna@example.com'],
    ['anna@Bücher.example', 'anna@xn--bcher-kva.example'],
    ['anna@bu\u0308cher.example', 'anna@xn--bcher-kva.example'],
    ['anna@XN--bcher-kva.example', 'anna@xn--bcher-kva.example'],
    ['anna@faß.example', 'anna@xn--fa-hia.example'],
    ['anna@fass.example', 'anna@fass.example'],
    ['anna@k\u0130wi.example', 'anna@xn--kiwi-rwc.example'],
    ['anna@kiwi.example', 'anna@kiwi.example'],
    ['anna@\u212aiwi.example', 'anna@kiwi.example'], // the Kelvin sign is a K, for IDNA and for Unicode
    ["o'neil+news=x@example.com", "o'neil+news=x@example.com"],
    [`${'x'.repeat(64)}@example.com`, `${'x'.repeat(64)}@example.com`],
  ])('maps %j to %j', (typed, key) => {
    expect(emailKey(typed)).toBe(key);
  });

  it.each([
    ['nothing', ''],
    ['no @', 'example.com'],
    ['a space around it', ' anna@example.com'],
    ['U+0130 before the @', '\u0130nes@example.com'],
    ['U+0131 before the @', '\u0131nes@example.com'],
    ['U+212A before the @', '\u212aarl@example.com'],
    ['U+017F before the @', 'anna\u017f@example.com'],
    ['a Cyrillic letter before the @', '\u0430nna@example.com'],
    ['quotes before the @', '"anna"@example.com'],
    ['quotes that hold an @', '"anna@example.org"@example.com'],
    ['65 characters before the @', `${'x'.repeat(65)}@example.com`],
    ['two dots before the @', 'anna..b@example.com'],
    ['a name around it', 'Anna <anna@example.com>'],
    ['an IPv4 address', 'anna@127.0.0.1'],
    ['an IPv4 address in hexadecimal', 'anna@0x7f.0x1'],
    ['an IPv6 literal', 'anna@[IPv6:::1]'],
    ['a dot at the end', 'anna@example.com.'],
    ['a single label', 'anna@localhost'],
    ['U+017F in the domain, which IDNA maps to s', 'anna@\u017fhop.example'],
    ['full-width letters, which IDNA maps to ASCII', 'anna@\uff41.example'],
    ['a full-width dot, which IDNA maps to a dot', 'anna@shop\uff0eexample'],
    ['U+00AD, which IDNA drops', 'anna@sh\u00adop.example'],
    ['U+200B, which IDNA drops', 'anna@sh\u200bop.example'],
    ['a percent escape', 'anna@sh%6fp.example'],
    ['a label that does not decode', 'anna@xn--zzzzzz99999.example'],
    ['a label that decodes to another spelling of itself', 'anna@xn--kiwi-.example'],
    ['a label of more than 63 characters in ASCII', `anna@${'ä'.repeat(62)}.example`],
    ['a domain of more than 253 characters in ASCII', `anna@${`${'ä'.repeat(40)}.`.repeat(5)}example`],
    ['half a surrogate pair', 'anna@sh\ud800op.example'],
    ['U+0000', 'an\u0000na@example.com'],
    ['a line break', 'anna@example.com\r\nBcc: eve@example.com'],
    ['a megabyte', `${'a'.repeat(1_000_000)}@example.com`],
  ])('returns undefined for an address with %s', (_, typed) => {
    expect(emailKey(typed)).toBeUndefined();
  });

  it('returns an ASCII key that maps to itself and that event contracts accept, also in its readable form', () => {
    let keys = 0;
    fc.assert(
      fc.property(fc.oneof(address, plain, fc.emailAddress()), (typed) => {
        const key = emailKey(typed);
        if (key === undefined) return;
        keys++;
        expect(key).toMatch(/^[\x21-\x7e]+$/);
        expect(emailKey(key)).toBe(key);
        expect(emailKey(readableAddress(key))).toBe(key);
        expect([typed, key, readableAddress(key)].map((form) => isEmail(form))).toEqual([true, true, true]);
      }),
      { numRuns: 5_000 },
    );
    expect(keys).toBeGreaterThan(1_000);
  });

  it('exists for a domain in plain ASCII exactly if IDNA keeps it apart from the case', () => {
    let keys = 0;
    const label = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'aKb01-'), minLength: 1, maxLength: 6 }),
      fc.constantFrom('com', 'ab--cd', '0x1f'),
    );
    fc.assert(
      fc.property(fc.array(label, { minLength: 2, maxLength: 4 }), (labels) => {
        const domain = labels.join('.').toLowerCase();
        const isKept = isEmail(`a@${domain}`) && domainToASCII(domain) === domain;
        expect(emailKey(`a@${labels.join('.')}`)).toBe(isKept ? `a@${domain}` : undefined);
        if (isKept) keys++;
      }),
      { numRuns: 10_000 },
    );
    expect(keys).toBeGreaterThan(500);
  });

  it('returns the mailbox to which the mail transport sends an email for the typed address', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(address, plain, fc.emailAddress()), async (typed) => {
        const key = emailKey(typed);
        if (key === undefined) return;
        const recipient = await recipientOf(typed);
        expect(recipient.slice(0, recipient.lastIndexOf('@'))).toBe(typed.slice(0, typed.lastIndexOf('@')));
        expect(asciiLower(recipient)).toBe(key);
      }),
      { numRuns: 1_000 },
    );
  });

  it('returns one key only for addresses that differ in nothing but case and Unicode composition', () => {
    let shared = 0;
    const respelled = plain.chain((one) =>
      fc.tuple(fc.constant(one), fc.tuple(...Array.from(one, (letter) => fc.constantFrom(...spellingsOf(letter))))),
    );
    fc.assert(
      fc.property(respelled, ([one, letters]) => {
        const other = letters.join('');
        if (emailKey(one) === undefined || emailKey(one) !== emailKey(other)) return;
        shared++;
        const [first, second] = [one, other].map((typed) => asciiLower(typed.slice(0, typed.indexOf('@'))));
        expect(first).toBe(second);
        const [from, to] = [one, other].map((typed) => readableAddress(typed).slice(typed.indexOf('@')).normalize('NFC'));
        expect(from!.localeCompare(to!, 'und', { sensitivity: 'accent' })).toBe(0);
      }),
      { numRuns: 5_000 },
    );
    expect(shared).toBeGreaterThan(100);
  });
});
