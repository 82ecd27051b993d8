/** The lines of a library's changelog: what the changesets say, without commits. All libraries have one version, so it needs no list of them. */
export default {
  getReleaseLine: async ({ summary }) => `- ${summary.trim().replaceAll('\n', '\n  ')}`,
  getDependencyReleaseLine: async () => '',
};
