const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

export const isUuid = (text: string): boolean => UUID.test(text);

/** The page of who acted: that of a person, or the audit log of a service, whose id is not a UUID. */
export const actorPage = (id: string): string => (isUuid(id) ? `/people/${id}` : `/audit?actor_id=${encodeURIComponent(id)}`);

/** The audit log of one object. */
export const objectPage = (type: string, id: string): string =>
  `/audit?${new URLSearchParams({ aggregate_type: type, aggregate_id: id }).toString()}`;

export const timelinePage = (correlationId: string): string => `/c/${encodeURIComponent(correlationId)}`;

export const contractPage = (type: string): string => `/contracts/${encodeURIComponent(type)}`;
