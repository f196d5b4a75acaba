package dev.tally.server.logging;

import java.io.Console;
import java.lang.reflect.InvocationTargetException;

/** Whether a person is at the other end. */
public final class Terminal {

  private Terminal() {}

  /**
   * Whether both standard input and standard output are a terminal.
   *
   * @return true if they are
   */
  @SuppressWarnings("SystemConsoleNull")
  public static boolean isAttached() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      // Since JDK 22 a console can be there without a terminal, and has a method that says so.
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (NoSuchMethodException e) {
      return true;
    } catch (IllegalAccessException | InvocationTargetException e) {
      return false;
    }
  }
}
