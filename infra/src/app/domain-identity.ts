import { CfnOutput } from 'aws-cdk-lib';
import { EmailIdentity, Identity } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';

/** The SES identity of the sender domain. Its DKIM records are outputs: add them to the DNS zone of the domain. */
export class DomainIdentity extends Construct {
  constructor(scope: Construct, id: string, domain: string) {
    super(scope, id);
    const identity = new EmailIdentity(this, 'Identity', { identity: Identity.domain(domain), dkimSigning: true });
    identity.dkimRecords.forEach(({ name, value }, index) => {
      new CfnOutput(this, `Dkim${index + 1}`, { description: `CNAME in the zone of ${domain}`, value: `${name} ${value}` });
    });
  }
}
