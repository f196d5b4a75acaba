package dev.tally.server.settings;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.IGetter;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * The value of a flag or argument: the command line sets it, in the thread that parses, and who
 * runs reads it afterwards. It takes the place of picocli's annotations, since reading those takes
 * a sixth of the time in which the server is ready.
 *
 * @param <T> what the flag's converter makes
 */
public final class Setting<T> implements IGetter, ISetter {

  private T value;

  /**
   * A setting that was not set yet.
   *
   * @param initial its default
   */
  public Setting(T initial) {
    this.value = initial;
  }

  /**
   * What is in force.
   *
   * @return what was set last, or the default
   */
  public T value() {
    return value;
  }

  /**
   * A flag with one value that sets this.
   *
   * @param name with its dashes
   * @param label what help calls the value
   * @param converter reads a value; what it throws is shown to the user
   * @param description for help
   * @return to be built, or made one of several values
   */
  public OptionSpec.Builder flag(
      String name, String label, ITypeConverter<?> converter, String description) {
    // The type says no more than that there is one value: what it becomes is the converter's.
    return OptionSpec.builder(name)
        .getter(this)
        .setter(this)
        .initialValue(value)
        .paramLabel(label)
        .type(String.class)
        .converters(converter)
        .description(description);
  }

  /**
   * A first argument that may be left out, and sets this.
   *
   * @param label what help calls it
   * @param converter reads it; what it throws is shown to the user
   * @param description for help
   * @return the argument
   */
  public PositionalParamSpec argument(
      String label, ITypeConverter<?> converter, String description) {
    return PositionalParamSpec.builder()
        .getter(this)
        .setter(this)
        .initialValue(value)
        .index("0")
        .arity("0..1")
        .paramLabel(label)
        .type(String.class)
        .converters(converter)
        .description(description)
        .build();
  }

  @Override
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  public <V> V get() {
    return (V) value;
  }

  @Override
  @SuppressWarnings("unchecked")
  public <V> V set(V changed) {
    V before = (V) value;
    value = (T) changed;
    return before;
  }
}
