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
    owners.remove(connection.key(), connection);
  }

  /** A live view: connections are added and removed while it is iterated. */
  Collection<ChatSession> all() {
    return Collections.unmodifiableSet(all);
  }

  /** The connection of this server that owns a session; null if none does. */
  @Nullable ChatSession owner(SessionId key) {
    return owners.get(key);
  }

  /**
   * Opens a connection with the lease that the store gave it, if it still waits for one. If another
   * connection of this server has a lease of the same session, the one with the lower epoch is
   * superseded: the store's answers may come in another order than it gave the leases.
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
      // Not within compute, which holds a lock of the map: this takes the session's lock and calls
      // its transport.
      loser[0].supersede();
    }
    if (!all.contains(connection)) {
      // The connection ended meanwhile, and remove() may have run before it became the owner. An
      // owner that is never removed would be a leak.
      owners.remove(connection.key(), connection);
    }
  }
}
