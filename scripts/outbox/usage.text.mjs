export const USAGE = `npm run outbox -- <command> [options]

  status                    shows each sink (leader, backlog, lag, failures) and the slots of the log
  failed                    lists dead letters, newest first
  commands [<id>]           lists recent commands and their results, or shows one
  pause <sink>              stops delivery; the backlog is kept
  resume <sink>             continues delivery
  retire <sink>             removes a sink for good, for example a consumer that was renamed
  skip <event id>           skips the event that blocks an aggregate, so that the next one is delivered
  replay <event id>         sends one event again; a dead letter is retried
  replay --<filter> …       counts all events that match; with --yes it sends them again

Commands that use the database directly, see docs/operations.md:
  purge [--dry-run]         runs the hourly housekeeping now, or shows what it would remove
  rebase                    makes the cursors of a restored dump valid; stop api and worker first

Filters of replay and failed:
  --type member.invited   --aggregate member/<id>   --organization <id>   --correlation <id>
  --from <time> --to <time>   --error <text in the last error>
  replay also takes --status failed (only dead letters) or published, --limit <events>, --rate <events per second>

Common options: --sink <name> for one sink; --json; --wait <seconds> for the result (default 15; 0 does not wait);
  --email <user> to act as; --url <api> and --token <session token> (or PIKAIA_TOKEN) for another system.
Exit status: 0 done, 1 refused or failed, 2 usage error, 3 not done within --wait seconds.`;
