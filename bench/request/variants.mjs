/** The parts of Pikaia that each variant of the invitation has. Without a part, its modules are replaced; see without.mjs. */
export const VARIANTS = {
  nothing: [],
  logs: ['logs'],
  'logs, event': ['logs', 'event'],
  'logs, audit': ['logs', 'audit'],
  all: ['logs', 'event', 'audit'],
};
