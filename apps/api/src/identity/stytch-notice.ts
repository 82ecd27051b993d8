import type { Role } from '@pikaia/contracts';
import { trimText } from '@pikaia/core';
import { PROVIDER_ID } from '../authentication/provider-id.js';
import type { MemberState, OrganizationState } from './provider-state.js';

const MAX_NAME_CHARACTERS = 200;

/** What a webhook of Stytch says about one member or organization. */
export type StytchNotice = StytchMemberNotice | StytchOrganizationNotice;

interface Notice {
  /** The id of the message. */
  readonly id: string;
  /** Such as `direct.member.create`. */
  readonly type: string;
  /** The id of the member or organization at Stytch. */
  readonly subject: string;
  /** The time of the change at Stytch, in microseconds since 1970. */
  readonly version: number;
}

export interface StytchMemberNotice extends Notice {
  readonly object: 'member';
  readonly state: MemberState;
  /** True if the member is new at Stytch. */
  readonly isCreated: boolean;
  /** Absent if the member was deleted: then Stytch sends only its id. */
  readonly member?: { readonly organization: string; readonly email: string; readonly name: string | null };
}

export interface StytchOrganizationNotice extends Notice {
  readonly object: 'organization';
  readonly state: OrganizationState;
}

/** The body is signed, but is not a notice that this version understands. */
export interface UnreadableNotice {
  readonly id: string;
  readonly type: string;
  readonly object: 'unknown' | 'unreadable';
}

/** Reads the body of a webhook, whose signature is valid. Never throws: what Stytch sends again would be as unreadable. */
export function readStytchNotice(id: string, text: string, adminRoles: ReadonlySet<string>): StytchNotice | UnreadableNotice {
  const body = parse(text);
  const parts = [body['source'], body['object_type'], body['action']].map((part) => String(part).toLowerCase());
  const type = parts.every((part) => /^[a-z_]{1,40}$/.test(part)) ? parts.join('.') : 'unknown';
  const [, object, action] = parts;
  if ((object !== 'member' && object !== 'organization') || !['create', 'update', 'delete'].includes(action!))
    return { id, type, object: 'unknown' };
  const version = readTime(body['timestamp']);
  const subject = readId(body['id']);
  if (version === undefined || subject === undefined) return { id, type, object: 'unreadable' };
  const notice = { id, type, subject, version };
  const content = propertiesOf(body[object]);
  const state =
    action === 'delete' ? DELETED : object === 'member' ? memberState(content, adminRoles) : organizationState(content);
  if (state === undefined) return { id, type, object: 'unreadable' };
  if (object === 'organization') return { ...notice, object, state: state as OrganizationState };
  const member = action === 'delete' ? undefined : readMember(content);
  if (action !== 'delete' && !member) return { id, type, object: 'unreadable' };
  return { ...notice, object, state: state as MemberState, isCreated: action === 'create', ...(member && { member }) };
}

const DELETED = { status: 'deleted' } as const;

function memberState({ status, roles }: Properties, adminRoles: ReadonlySet<string>): MemberState | undefined {
  if (status === 'deleted') return DELETED;
  if (typeof status !== 'string') return undefined;
  const names = [roles ?? []].flat().map((role) => propertiesOf(role)['role_id']);
  const role: Role = names.some((name) => adminRoles.has(name as string)) ? 'admin' : 'member';
  return { status: status === 'active' ? 'active' : 'pending', role }; // invited and pending members have not signed in yet
}

function organizationState({ organization_name: name }: Properties): OrganizationState | undefined {
  const trimmed = typeof name === 'string' ? trimText(name) : '';
  return trimmed !== '' && isStorable(trimmed) ? { status: 'active', name: trimmed } : undefined;
}

function readMember({ organization_id: organization, email_address: email, name }: Properties): StytchMemberNotice['member'] {
  const id = readId(organization);
  if (id === undefined || typeof email !== 'string') return undefined;
  const trimmed = typeof name === 'string' ? trimText(name) : '';
  return { organization: id, email: trimText(email), name: trimmed !== '' && isStorable(trimmed) ? trimmed : null };
}

/** Returns microseconds since 1970: Date would round to milliseconds, and two changes could have the same. */
function readTime(value: unknown): number | undefined {
  const [, date, fraction = ''] = (typeof value === 'string' && TIME.exec(value)) || [];
  const ms = date === undefined ? Number.NaN : Date.parse(`${date}Z`);
  return Number.isNaN(ms) ? undefined : ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)$/;

type Properties = Readonly<Record<string, unknown>>;

const propertiesOf = (value: unknown): Properties => (typeof value === 'object' && value !== null ? (value as Properties) : {});

function parse(text: string): Properties {
  try {
    return propertiesOf(JSON.parse(text));
  } catch {
    return {};
  }
}

const readId = (value: unknown): string | undefined => (typeof value === 'string' && PROVIDER_ID.test(value) ? value : undefined);

/** True for a name of one line that PostgreSQL can store. */
const isStorable = (name: string): boolean =>
  name.length <= MAX_NAME_CHARACTERS && name.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(name);
