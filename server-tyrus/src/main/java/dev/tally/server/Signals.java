package dev.tally.server;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * SIGTERM, SIGINT and SIGHUP: the first one is waited for, the second one ends the process at once.
 * Where SIGHUP is ignored, as under {@code nohup}, it stays so: Java leaves it alone then.
 *
 * <p>A shutdown hook would not do: the exit code would be 143, a second signal would be ignored
 * while hooks run, and java.util.logging's own hook would cut the drain's lines off.
 */
final class Signals {

  private static final int SIGNAL_EXIT_CODE = 130;

  private final CountDownLatch first = new CountDownLatch(1);
  private final AtomicInteger count = new AtomicInteger();

  /** Takes the signals over. */
  static Signals install() {
    Signals signals = new Signals();
    try {
      // By name, since the compiler warns of sun.misc with a warning that cannot be turned off.
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object receiver =
          Proxy.newProxyInstance(
              Signals.class.getClassLoader(),
              new Class<?>[] {handler},
              (proxy, method, arguments) -> signals.invoked(proxy, method.getName(), arguments));
      for (String name : new String[] {"TERM", "INT", "HUP"}) {
        signal
            .getMethod("handle", signal, handler)
            .invoke(null, signal.getConstructor(String.class).newInstance(name), receiver);
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this Java has no jdk.unsupported module", e);
    }
    return signals;
  }

  private Object invoked(Object proxy, String method, Object[] arguments)
      throws InvocationTargetException {
    return switch (method) {
      case "hashCode" -> System.identityHashCode(proxy);
      case "equals" -> proxy == arguments[0];
      case "toString" -> "Signals";
      default -> {
        received();
        yield true;
      }
    };
  }

  private void received() {
    if (count.incrementAndGet() > 1) {
      // Not exit: the first signal's drain may be what hangs.
      Runtime.getRuntime().halt(SIGNAL_EXIT_CODE);
    }
    first.countDown();
  }

  /** Returns after the first signal. */
  void await() throws InterruptedException {
    first.await();
  }
}
