# What became of each session, from the logs of the old and the new colour:
#   awk -v since=2026-11-24T15:00:00.000Z -f ledger.awk side=old old.log side=new new.log
# Only events since then count. Prints name=value; the gaps are in ms. With holes in a log some values are
# "unknown": sessions whose lines were dropped are missing in both logs.

function field(name,    value) {
  if (!match($0, "\"" name "\":\"?[^\",}]*")) return ""
  value = substr($0, RSTART, RLENGTH)
  sub("^\"" name "\":\"?", "", value)
  return value
}

function gap(share,    i) {
  i = int(moved * share)
  if (i < moved * share) i++
  return moved > 0 ? sorted[i] : 0
}

function sort_gaps(    i, j, n, step, x) {
  n = moved
  for (step = int(n / 2); step > 0; step = int(step / 2))
    for (i = step + 1; i <= n; i++) {
      x = sorted[i]
      for (j = i; j > step && sorted[j - step] > x; j -= step) sorted[j] = sorted[j - step]
      sorted[j] = x
    }
}

{ event = field("event") }

side == "old" && event == "drain" {
  draining = 1
  given_up += field("unacknowledged")
}
side == "old" && event == "stop" {
  stops++
  draining = 0
  in_flight += field("received") - field("acknowledged")
  abandoned += field("abandoned")
  # A release that does not report dropped lines may have dropped some.
  if (field("log_dropped_lines") == "") silent++
}

field("timestamp") < since { next }

event == "log_dropped" { dropped += field("lines") }

side == "old" && event == "close" {
  # Without a count the connection ended before its session was open: the client got no count.
  count = field("count")
  if (count == "") next
  session = field("session")
  if (!(session in told) || count + 0 > told[session]) told[session] = count + 0
  in_drain[session] = draining
  # Closed by the drain. A client that moved earlier may have closed its old connection with any code; a
  # client that closed and did not move has left.
  code = field("code")
  if (code == 1001 || code == 4001) sent_away[session]
}

side == "new" && event == "resume" {
  session = field("session")
  if (!(session in found)) {
    found[session] = field("count") + 0
    gaps[session] = field("gap_ms") + 0
  }
}

END {
  for (session in told) {
    if (!(session in found)) {
      if (session in sent_away) missing++
      continue
    }
    sorted[++moved] = gaps[session]
    if (found[session] < told[session]) lost += told[session] - found[session]
    # Counted, but the old colour could not acknowledge it any more. What it gave up before the drain
    # is not known for each session.
    else if (in_drain[session]) untold += found[session] - told[session]
  }
  in_flight -= given_up
  duplicated = (untold > in_flight) ? untold - in_flight : 0
  complete = stops > 0 && !silent && !dropped
  if (!complete) duplicated = "unknown"
  # A loss that is seen counts, even if the logs have holes.
  lost = (complete || lost) ? lost + 0 : "unknown"
  sort_gaps()
  printf "moved=%d missing=%d lost=%s duplicated=%s abandoned=%d p50=%d p99=%d slowest=%d dropped=%d\n",
    moved, missing, lost, duplicated, abandoned, gap(0.5), gap(0.99), gap(1), dropped
}
