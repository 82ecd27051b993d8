/**
 * Matches the id of an organization, a member or an operator at the session provider. OpenID Connect limits a subject to 255
 * ASCII characters and compares it case-sensitively. A stored id with a space or an invisible character would match no session.
 */
export const PROVIDER_ID = /^[\x21-\x7e]{1,255}$/;
