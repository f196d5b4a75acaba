package dev.tally.chat.testing;

import dev.tally.chat.spi.ChatMetrics;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All methods of {@link ChatMetrics}, for those that pass them on. A method that they forget to
 * override compiles and does nothing, so the receivers behind them would count nothing.
 */
public final class EveryMetric {

  private static final List<Method> METHODS =
      Arrays.stream(ChatMetrics.class.getMethods()).filter(Method::isDefault).toList();

  private EveryMetric() {}

  /** {@return the names of all methods, each once} */
  public static List<String> names() {
    return METHODS.stream().map(Method::getName).toList();
  }

  /**
   * A receiver that reports which of its methods are called.
   *
   * @param report gets the name of each; what it throws comes out of the call
   * @return the receiver
   */
  public static ChatMetrics receiver(Consumer<String> report) {
    return (ChatMetrics)
        Proxy.newProxyInstance(
            ChatMetrics.class.getClassLoader(),
            new Class<?>[] {ChatMetrics.class},
            (proxy, method, arguments) -> {
              report.accept(method.getName());
              return null;
            });
  }

  /**
   * Calls every method once, with zeros and nulls.
   *
   * @param metrics passes the calls on, and does not look at what it is given
   * @throws ReflectiveOperationException if a call throws
   */
  public static void callAll(ChatMetrics metrics) throws ReflectiveOperationException {
    for (Method method : METHODS) {
      @Nullable Object[] arguments =
          Arrays.stream(method.getParameterTypes()).map(EveryMetric::nothing).toArray();
      method.invoke(metrics, arguments);
    }
  }

  private static @Nullable Object nothing(Class<?> type) {
    if (type == int.class) {
      return 0;
    }
    return type == long.class ? 0L : null;
  }
}
