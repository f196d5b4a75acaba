package dev.tally.server.websocket;

import java.util.Iterator;
import java.util.LinkedHashSet;

/**
 * One selector thread's share of a budget: which of its connections hold something, in the order in
 * which they began to. When the budget is short, those that have held theirs for longest are
 * evicted. Each thread evicts connections of its own only, so nothing here needs a lock. For that
 * thread.
 */
public final class BudgetShare {

  /** What a holder takes in this set, and the headers of its own objects: charged with the rest. */
  public static final int HOLDER_BYTES = 128;

  /** Holds bytes of the budget. */
  public interface Holder {

    /**
     * Since when it has held something without any progress.
     *
     * @return {@link Liveness#now} at that time
     */
    long since();

    /**
     * Frees all that it holds at once, gives it back to the budget, and ends its connection. Called
     * on the selector's thread, never in the connection's own turn. The holder was removed before.
     *
     * @param overdue true if it held it for too long, false if others need the room
     */
    void evict(boolean overdue);
  }

  private final BufferBudget budget;
  private final long guaranteed;
  private final LinkedHashSet<Holder> holders = new LinkedHashSet<>();
  private long held;

  /**
   * Makes a share of which nothing is held.
   *
   * @param budget what is shared
   * @param selectors how many threads share it
   */
  public BudgetShare(BufferBudget budget, int selectors) {
    this.budget = budget;
    // Without the reserve, which is for threads that have less than theirs.
    this.guaranteed = (budget.limit() - budget.limit() / 8) / selectors;
  }

  /** {@return the budget that this is a share of} */
  public BufferBudget budget() {
    return budget;
  }

  /**
   * Adds one that begins to hold something, even if nothing is charged for it.
   *
   * @param holder to be evicted when it is overdue
   */
  public void add(Holder holder) {
    holders.add(holder);
  }

  /**
   * Takes bytes for one that holds something, or begins to. Evicts others if there is no room.
   *
   * @param holder for which
   * @param bytes how many
   * @return false if there is still no room: nothing was taken, and the holder has to end its
   *     connection itself
   */
  public boolean take(Holder holder, int bytes) {
    boolean added = holders.add(holder);
    while (!budget.take(bytes)) {
      if (bytes <= guaranteed - held && budget.takeReserved(bytes)) {
        // Another thread's connections hold too much, not those of this one.
        break;
      }
      Holder oldest = holders.iterator().next();
      if (oldest == holder) {
        if (added) {
          holders.remove(holder);
        }
        return false;
      }
      holders.remove(oldest);
      oldest.evict(false);
    }
    held += bytes;
    return true;
  }

  /**
   * Removes one that holds nothing more, and gives back what it took, all of it.
   *
   * @param holder which
   * @param bytes all that it took
   */
  public void giveBack(Holder holder, int bytes) {
    holders.remove(holder);
    held -= bytes;
    budget.release(bytes);
  }

  /**
   * Evicts those that have held theirs for too long.
   *
   * @param latest the last {@link Holder#since} that is too long ago
   */
  public void evictOverdue(long latest) {
    for (Iterator<Holder> all = holders.iterator(); all.hasNext(); ) {
      Holder holder = all.next();
      if (holder.since() <= latest) {
        all.remove();
        holder.evict(true);
      }
    }
  }
}
