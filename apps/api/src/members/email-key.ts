import { applyDecorators } from '@nestjs/common';
import { ConvertText, TextRule, textProblem, trimText } from '@pikaia/core';
import { isEmail } from 'class-validator';
import { domainToASCII, domainToUnicode } from 'node:url';

const MAX_ADDRESS_CHARACTERS = 254; // limit of SMTP, RFC 5321 section 4.5.3.1.3
const ASCII_LOCAL_PART = { allow_utf8_local_part: false };
/** A host name that IDNA only converts to lower case. */
const PLAIN_DOMAIN = /^(?!.*xn--)[a-z\d.-]+$/i;

/**
 * Returns the canonical form of an email address. Two addresses with the same key belong to the same person.
 *
 * The part before the @ differs only in the case of ASCII letters. The domain is in the ASCII form of IDNA, which is the
 * name that mail looks up: it ignores case and Unicode composition, so `Bücher.example` equals `xn--bcher-kva.example`.
 * An address in which IDNA would replace a character (full-width letters, U+017F) or drop one (U+00AD) has no key.
 *
 * @returns undefined if mail cannot be sent to the address as typed: the part before the @ is quoted or not ASCII, or the domain
 * is an IP address, too long in its ASCII form, or not valid in IDNA.
 */
export function emailKey(typed: string): string | undefined {
  if (
    typed.length > MAX_ADDRESS_CHARACTERS ||
    !typed.isWellFormed() ||
    typed.startsWith('"') ||
    !isEmail(typed, ASCII_LOCAL_PART)
  )
    return undefined;
  const at = typed.lastIndexOf('@');
  const domain = asciiDomain(typed.slice(at + 1));
  if (domain === undefined) return undefined;
  const key = `${typed.slice(0, at).toLowerCase()}@${domain}`;
  return key === typed || (key.length <= MAX_ADDRESS_CHARACTERS && isEmail(key, ASCII_LOCAL_PART)) ? key : undefined;
}

/** Returns the address of a key with its domain in Unicode, as people write it. */
export function readableAddress(key: string): string {
  const at = key.lastIndexOf('@') + 1;
  return key.slice(0, at) + domainToUnicode(key.slice(at));
}

/** Trims an address and accepts it if it has a key; see emailKey. */
export const IsSendableEmail = (): PropertyDecorator =>
  applyDecorators(
    ConvertText(trimText),
    TextRule(
      'isSendableEmail',
      (value) =>
        textProblem(value, { min: 1, max: MAX_ADDRESS_CHARACTERS }) ??
        (emailKey(value as string) === undefined
          ? 'must be an email address that mail can be sent to: ASCII without quotes before the @, a valid domain after it'
          : undefined),
      [{ min: 1, max: MAX_ADDRESS_CHARACTERS, format: 'idn-email' }],
    ),
  );

/**
 * Converts a domain to its ASCII form. Accepts a label only if IDNA keeps each character, apart from case and composition.
 *
 * The mappings of IDNA change with the Unicode version of Node, and keys are stored. With this rule, some versions may refuse a
 * label, but no two versions give it different keys.
 */
function asciiDomain(typed: string): string | undefined {
  if (PLAIN_DOMAIN.test(typed)) return typed.toLowerCase();
  const ascii = domainToASCII(typed);
  const unicode = domainToUnicode(ascii);
  if (domainToASCII(unicode) !== ascii) return undefined;
  const [typedLabels, labels, decoded] = [lowerCase(typed), ascii, unicode].map((domain) => domain.split('.')) as [
    string[],
    string[],
    string[],
  ];
  const isKept = (label: string, index: number): boolean =>
    label.startsWith('xn--') === (label !== decoded[index]) &&
    (typedLabels[index] === label || typedLabels[index] === decoded[index]);
  return typedLabels.length === labels.length && labels.every(isKept) ? ascii : undefined;
}

/** Converts each character separately, because toLowerCase on a whole string chooses between two sigmas by position. */
const lowerCase = (text: string): string =>
  Array.from(text, (character) => character.toLowerCase())
    .join('')
    .normalize('NFC');
