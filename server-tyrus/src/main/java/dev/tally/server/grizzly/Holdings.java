package dev.tally.server.grizzly;

import java.util.Iterator;
import java.util.LinkedHashSet;

/**
 * Which connections of one selector hold something of a budget, in the order in which they began
 * to. When the budget is short, those that have held theirs for longest give way. For the
 * selector's thread.
 */
final class Holdings {

  /** What a holder takes here, and the headers of its own objects; to be taken with the rest. */
  static final int UPKEEP_BYTES = 128;

  /** Holds bytes of the budget. */
  interface Holder {

    /** By {@link Liveness#now}: since when it has held something without any progress. */
    long since();

    /**
     * Frees all that it holds at once, gives it back to the budget, and ends its connection. Called
     * on the selector's thread, never in the connection's own turn, when it is no more among those
     * that hold something.
     *
     * @param overdue true if it held it for too long, false if others need the room
     */
    void giveWay(boolean overdue);
  }

  private final BufferBudget budget;
  private final long share;
  private final LinkedHashSet<Holder> holders = new LinkedHashSet<>();
  private long held;

  /**
   * Nobody holds anything yet.
   *
   * @param selectors how many share the budget
   */
  Holdings(BufferBudget budget, int selectors) {
    this.budget = budget;
    // Of what can be had without the reserve, which is for selectors that have less than theirs.
    this.share = (budget.limit() - budget.limit() / 8) / selectors;
  }

  BufferBudget budget() {
    return budget;
  }

  /** Notes that one begins to hold something, be it less than is charged. */
  void enter(Holder holder) {
    holders.add(holder);
  }

  /**
   * Takes bytes for one that holds something, or begins to.
   *
   * @return false if there is no room: nothing was taken, and the holder has to give up itself
   */
  boolean take(Holder holder, int bytes) {
    boolean added = holders.add(holder);
    while (!budget.take(bytes)) {
      if (bytes <= share - held && budget.takeReserved(bytes)) {
        // Another selector's connections hold too much, not those of this one.
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
      oldest.giveWay(false);
    }
    held += bytes;
    return true;
  }

  /** One holds nothing more: gives back what it took, all of it. */
  void giveBack(Holder holder, int bytes) {
    holders.remove(holder);
    held -= bytes;
    budget.release(bytes);
  }

  /**
   * Lets those give way that have held theirs for too long.
   *
   * @param latest the last {@link Holder#since} that is too long ago
   */
  void endOverdue(long latest) {
    for (Iterator<Holder> all = holders.iterator(); all.hasNext(); ) {
      Holder holder = all.next();
      if (holder.since() <= latest) {
        all.remove();
        holder.giveWay(true);
      }
    }
  }
}
