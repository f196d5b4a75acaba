package dev.tally.chat;

import dev.tally.chat.protocol.SessionId;
import dev.tally.chat.spi.Lease;
import java.util.Collection;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one server, and which of them owns its session: the one with the newest epoch.
 * Safe for use by several threads.
 */
final class Connections {

  private final Set<ChatSession> all = ConcurrentHashMap.newKeySet();
  private final ConcurrentHashMap<SessionId, ChatSession> owners = new ConcurrentHashMap<>();

  void add(ChatSession connection) {
    all.add(connection);
  }

  void remove(ChatSession connection) {
    all.remove(connection);
    owners.remove(connection.id(), connection);
  }

  /** A view, which connections come into and go from while somebody looks through it. */
  Collection<ChatSession> all() {
    return Collections.unmodifiableSet(all);
  }

  /** The connection that owns a session here; null if none does. */
  @Nullable ChatSession owner(SessionId id) {
    return owners.get(id);
  }

  /**
   * Opens a connection with the lease that the store gave it, if it still waits for one, and
   * supersedes whichever of two connections to one session has the older one: answers of the store
   * may overtake each other.
   */
  void own(ChatSession connection, Lease lease) {
    ChatSession[] loser = new ChatSession[1];
    if (!connection.opened(lease)) {
      return;
    }
    owners.compute(
        lease.sessionId(),
        (id, owner) -> {
          if (owner == null || owner == connection) {
            return connection;
          }
          boolean newer = lease.epoch() > owner.epoch();
          loser[0] = newer ? owner : connection;
          return newer ? connection : owner;
        });
    if (loser[0] != null) {
      loser[0].supersede();
    }
    if (!all.contains(connection)) {
      // It was removed meanwhile, perhaps before it stood there.
      owners.remove(connection.id(), connection);
    }
  }
}
