import { firstBrokenRule, IsVisibleText, OptionalField, PikaiaError } from '@pikaia/core';
import { plainToInstance } from 'class-transformer';
import { Matches, validateSync } from 'class-validator';
import { parseArgs } from 'node:util';
import { PROVIDER_ID } from '../authentication/provider-id.js';
import { emailKey, IsSendableEmail } from '../members/email-key.js';
import { IsSlug } from '../organizations/organization.requests.js';

export const USAGE = `first-organization
  --name Acme --slug acme --provider-id <the organization's id at the session provider>
  --admin-email alice@acme.example --admin-provider-id <the member's id there> [--admin-name "Alice Adams"]
  [--operator-email olga@example.com --operator-provider-id <the member's id there> [--operator-name "Olga Olsen"]]
  [--viewer-email vera@example.com --viewer-provider-id <the member's id there> [--viewer-name "Vera Vance"]]`;

const OPTIONS = {
  name: 'name',
  slug: 'slug',
  providerId: 'provider-id',
  adminEmail: 'admin-email',
  adminName: 'admin-name',
  adminProviderId: 'admin-provider-id',
  operatorEmail: 'operator-email',
  operatorName: 'operator-name',
  operatorProviderId: 'operator-provider-id',
  viewerEmail: 'viewer-email',
  viewerName: 'viewer-name',
  viewerProviderId: 'viewer-provider-id',
} as const;

const IsProviderId = () =>
  Matches(PROVIDER_ID, { message: '$property must be an id of the session provider: ASCII characters without spaces' });

/** The first organization, its admin, and an optional operator and viewer. */
export class FirstOrganizationArguments {
  @IsVisibleText({ max: 200 })
  name!: string;

  @IsSlug()
  slug!: string;

  @IsProviderId()
  providerId!: string;

  @IsSendableEmail()
  adminEmail!: string;

  @OptionalField()
  @IsVisibleText({ max: 200 })
  adminName?: string;

  @IsProviderId()
  adminProviderId!: string;

  @OptionalField()
  @IsSendableEmail()
  operatorEmail?: string;

  @OptionalField()
  @IsVisibleText({ max: 200 })
  operatorName?: string;

  @OptionalField()
  @IsProviderId()
  operatorProviderId?: string;

  @OptionalField()
  @IsSendableEmail()
  viewerEmail?: string;

  @OptionalField()
  @IsVisibleText({ max: 200 })
  viewerName?: string;

  @OptionalField()
  @IsProviderId()
  viewerProviderId?: string;
}

/**
 * Parses the command-line arguments.
 *
 * @throws PikaiaError `PIKAIA_ARGUMENTS_INVALID` if an option is missing, unknown or invalid. The message names each such option and shows
 * the usage.
 */
export function readFirstOrganization(args: readonly string[]): FirstOrganizationArguments {
  const problems: string[] = [];
  let request: FirstOrganizationArguments;
  try {
    const options = Object.fromEntries(Object.values(OPTIONS).map((name) => [name, { type: 'string' as const }]));
    const { values } = parseArgs({ args: [...args], options });
    const given = Object.entries(OPTIONS).filter(([, option]) => values[option] !== undefined);
    request = plainToInstance(
      FirstOrganizationArguments,
      Object.fromEntries(given.map(([property, option]) => [property, values[option]])),
    );
  } catch (error) {
    throw argumentsError([(error as Error).message]);
  }
  for (const error of validateSync(request)) {
    const option = `--${OPTIONS[error.property as keyof typeof OPTIONS]}`;
    problems.push(error.value === undefined ? `${option} is required` : firstBrokenRule(error)!.replace(error.property, option));
  }
  const [operator, viewer, admin] = (['operator', 'viewer', 'admin'] as const).map((role) => {
    const [email, providerId] = [request[`${role}Email`], request[`${role}ProviderId`]];
    if (role !== 'admin' && (email === undefined) !== (providerId === undefined))
      problems.push(`--${role}-email and --${role}-provider-id must be given together`);
    return { key: emailKey(email ?? ''), providerId };
  });
  if (isSamePerson(operator!, admin!))
    problems.push('the operator must not be the admin, because an operator belongs to no organization');
  if (isSamePerson(viewer!, admin!))
    problems.push('the viewer must not be the admin, because a viewer belongs to no organization');
  if (isSamePerson(viewer!, operator!)) problems.push('the viewer must not be the operator, who reads the same');
  if (problems.length) throw argumentsError(problems);
  return request;
}

interface Person {
  readonly key: string | undefined;
  readonly providerId: string | undefined;
}

const isSamePerson = (one: Person, other: Person): boolean =>
  (one.key !== undefined && one.key === other.key) || (one.providerId !== undefined && one.providerId === other.providerId);

const argumentsError = (problems: readonly string[]): PikaiaError =>
  new PikaiaError('PIKAIA_ARGUMENTS_INVALID', `${problems.join('; ')}.\n\n${USAGE}`);
