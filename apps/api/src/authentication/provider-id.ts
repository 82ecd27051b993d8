/**
 * An id at the session provider: of an organization, a member or an operator. OpenID Connect limits a subject to 255 ASCII
 * characters and compares it with its case. A space or an invisible character in a stored id would match no session.
 */
export const PROVIDER_ID = /^[\x21-\x7e]{1,255}$/;
