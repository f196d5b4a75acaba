# What became of every session, out of the log of the colour that left and of the one that took over:
#   awk -v since=2026-11-24T15:00:00.000Z -f ledger.awk side=old old.log side=new new.log
# Only what happened since then counts. Prints name=value; the gaps are in ms. What a log with holes
# cannot tell is unknown: sessions whose lines were dropped are missing on both sides.

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
  # A release that does not say whether it dropped lines may have dropped some.
  if (field("log_dropped_lines") == "") silent++
}

field("timestamp") < since { next }

event == "log_dropped" { dropped += field("lines") }

side == "old" && event == "close" {
  # Without a count the connection ended before its session was there: it has been told nothing.
  count = field("count")
  if (count == "") next
  session = field("session")
  if (!(session in told) || count + 0 > told[session]) told[session] = count + 0
  in_drain[session] = draining
  # Sent away. Whoever moved ahead of that may have closed the old connection by any code, and
  # whoever closed and did not move has left.
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
    # Counted, though the old colour could not say so any more. What it gave up before the drain is
    # not known session by session.
    else if (in_drain[session]) untold += found[session] - told[session]
  }
  in_flight -= given_up
  duplicated = (untold > in_flight) ? untold - in_flight : 0
  complete = stops > 0 && !silent && !dropped
  if (!complete) duplicated = "unknown"
  # A loss that is seen is one, whatever else there is.
  lost = (complete || lost) ? lost + 0 : "unknown"
  sort_gaps()
  printf "moved=%d missing=%d lost=%s duplicated=%s abandoned=%d p50=%d p99=%d slowest=%d dropped=%d\n",
    moved, missing, lost, duplicated, abandoned, gap(0.5), gap(0.99), gap(1), dropped
}
