# The column of one instance in ops/monitor.sh. Reads two scrapes of /metrics, `seconds` apart, and prints
# one value a line, in the order of the labels there. Without an earlier scrape there are no rates.

/^#/ || NF != 2 { next }

{
  brace = index($1, "{")
  name = brace ? substr($1, 1, brace - 1) : $1
  # Samples of one name differ in the value of their first label.
  split($1, quoted, "\"")
  label = brace ? quoted[2] : ""
}

FILENAME == ARGV[1] {
  if (!((name, label) in before)) { before[name] += $2; had[name] = 1 }
  before[name, label] = $2
  next
}

# Process metrics appear twice.
!((name, label) in now) {
  now[name] += $2
  now[name, label] = $2
  if (name ~ /_bucket$/) bound[name, ++bounds[name]] = label
  if (name == "websocket_closes_total") code[++codes] = label
  if (name == "websocket_errors_total") kind[++kinds] = label
  if (name == "chat_build_info") {
    version = quoted[2]
    color = quoted[6]
  }
}

# A counter that is lower than before belongs to a process that was started again.
function grown(latest, earlier) { return latest < earlier ? latest : latest - earlier }

function rate(name) { return grown(now[name], before[name]) / seconds }

function rates(name, labels, n,    i, r, text) {
  for (i = 1; i <= n; i++) {
    r = grown(now[name, labels[i]], before[name, labels[i]]) / seconds
    if (r > 0) text = text (text == "" ? "" : " ") labels[i] ":" sprintf(r < 10 ? "%.1f" : "%.0f", r)
  }
  return text == "" ? "-" : text
}

# A quantile of what was observed between the scrapes, in milliseconds; linear within a bucket, as in Prometheus.
function quantile(q, name,    i, all, wanted, count, earlier, low, high) {
  name = name "_bucket"
  all = grown(now[name, "+Inf"], before[name, "+Inf"])
  if (all == 0) return "-"
  wanted = q * all
  for (i = 1; i <= bounds[name]; i++) {
    count = grown(now[name, bound[name, i]], before[name, bound[name, i]])
    if (count >= wanted) break
    earlier = count
  }
  low = i > 1 ? bound[name, i - 1] : 0
  high = bound[name, i]
  if (high == "+Inf") return "> " low * 1000
  return sprintf("%.1f", (low + (high - low) * (wanted - earlier) / (count - earlier)) * 1000)
}

function mean(name,    count) {
  count = rate(name "_count")
  return count == 0 ? "-" : sprintf("%.1f", rate(name "_sum") / count)
}

function per_second(name) { return had[name] ? sprintf("%.0f", rate(name)) : "-" }

END {
  if (!("chat_ready" in now)) {
    print "no answer"
    exit
  }
  print (now["chat_draining"] ? "draining" : now["chat_ready"] ? "ready" : "not ready") (color == "" ? "" : ", " color)
  print version
  printf "%.0f of %.0f\n", now["websocket_active_connections"], now["websocket_connection_limit"]
  print per_second("websocket_messages_total")
  print per_second("chat_acknowledged_total")
  print quantile(0.5, "chat_ack_seconds") " / " quantile(0.99, "chat_ack_seconds")
  printf "%.0f, %.0f KB\n", now["chat_pending_messages"], now["chat_pending_bytes"] / 1024
  print had["chat_sessions_total"] ? rates("chat_sessions_total", sessions, 2) : "-"
  print had["websocket_closes_total"] ? rates("websocket_closes_total", code, codes) : "-"
  print had["websocket_errors_total"] ? rates("websocket_errors_total", kind, kinds) : "-"
  printf "%s, %s / %s\n", now["session_store_full"] ? "FULL" : now["session_store_up"] ? "up" : "DOWN", quantile(0.99, "session_store_commit_seconds"), mean("session_store_batch_size")
  printf "%.0f\n", now["session_store_queue_depth"]
  printf "%.0f KB\n", now["websocket_outbound_bytes"] / 1024
  printf "%s %%, %.0f MB\n", had["process_cpu_seconds_total"] ? sprintf("%.0f", rate("process_cpu_seconds_total") * 100) : "-", now["process_resident_memory_bytes"] / 1048576
  printf "%.0f of %.0f\n", now["process_open_fds"], now["process_max_fds"]
}

BEGIN { sessions[1] = "new"; sessions[2] = "resumed" }
