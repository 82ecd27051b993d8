import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const TOKEN = /\?token=([\w-]+\.[\w-]+\.[\w-]+)/;

/** Returns the token of the newest invitation email to an address, from the files that the development mailer writes. */
export function newestInvitation(directory: string, email: string): string | undefined {
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.eml')) : [];
  return names
    .sort() // the ids of events increase with time
    .reverse()
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .filter((text) => recipientOf(text) === email.toLowerCase())
    .map((text) => TOKEN.exec(decode(text))?.[1])
    .find((token) => token !== undefined);
}

const recipientOf = (text: string): string | undefined => /^To: (?:.*<)?([^\s<>]+)>?\r$/im.exec(text)?.[1]?.toLowerCase();

/** Decodes the parts of quoted-printable that a link can contain: the soft line breaks, and "=" itself. */
const decode = (text: string): string => text.replaceAll('=\r\n', '').replaceAll('=3D', '=');
