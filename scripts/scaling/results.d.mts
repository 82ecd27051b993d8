export function newestResults(): object;
