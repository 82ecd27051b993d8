export const USAGE = `npm run outbox -- <what> [options]

  status                    each sink: who delivers, what waits, what failed; the slots of the log
  failed                    dead letters, newest first
  commands [<id>]           what was asked, and what became of it
  pause <sink>              keeps everything where it is, until
  resume <sink>             lets it go on
  retire <sink>             gives a sink up for good: a consumer that was renamed
  skip <event id>           gives up the event that heads a blocked aggregate: the next one is tried
  replay <event id>         sends one event again, or tries its dead letters again
  replay --<filter> …       the same for all that match: counts them, and asks for --yes

On the database itself, see docs/operations.md:
  purge [--dry-run]         does what housekeeping does hourly, or says what would go
  rebase                    makes the cursors of a restored dump valid, with api and worker stopped

Filters of replay and failed:
  --type member.invited   --aggregate member/<id>   --organization <id>   --correlation <id>
  --from <time> --to <time>   --error <part of the last error>
  replay also takes --status failed (dead letters only) or published, --limit <events>, --rate <events a second>

Everywhere: --sink <name> for one sink, --json for programs, --wait <seconds> (default 15; 0 does not wait for the answer),
  --email <whose session>; --url <api> and --token <session> (or PIKAIA_TOKEN) for a system elsewhere.
Exit status: 0 done, 1 refused or failed, 2 not understood, 3 not done within the time that was waited.`;
