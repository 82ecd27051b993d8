import { generate } from 'selfsigned';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateOptions {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** A certificate authority of a test. */
export class TestAuthority {
  private constructor(
    private readonly key: string,
    /** The certificate of the authority in PEM. */
    readonly certificate: string,
  ) {}

  static async create(): Promise<TestAuthority> {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'Authority of a test' }], {
      algorithm: 'sha256',
      extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
    });
    return new TestAuthority(key, cert);
  }

  /** Issues a certificate for one host. */
  async issue(host: string, { notBefore, notAfter }: CertificateOptions = {}): Promise<Certificate> {
    const { private: key, cert } = await generate([{ name: 'commonName', value: host }], {
      algorithm: 'sha256',
      ca: { key: this.key, cert: this.certificate },
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: host }] }],
      ...(notBefore && { notBeforeDate: notBefore }),
      ...(notAfter && { notAfterDate: notAfter }),
    });
    return { key, cert };
  }
}
