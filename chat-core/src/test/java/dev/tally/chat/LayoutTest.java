package dev.tally.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.chat.spi.StoreFullException;
import dev.tally.chat.spi.StoreUnavailableException;
import dev.tally.chat.testing.Dependencies;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** You can read the packages from the bottom up: none needs one that is above it. */
class LayoutTest {

  private static final Path CLASSES = Path.of("target", "classes");

  private static final String HUB = "dev.tally.chat";
  private static final String STORE = "dev.tally.chat.store";
  private static final String SPI = "dev.tally.chat.spi";
  private static final String PROTOCOL = "dev.tally.chat.protocol";

  @Test
  void packagesDependOneWay() throws IOException {
    assertThat(Dependencies.ofPackages(CLASSES).uses())
        .isEqualTo(
            Map.of(
                HUB, Set.of(STORE, SPI, PROTOCOL),
                STORE, Set.of(SPI),
                SPI, Set.of(PROTOCOL)));
  }

  @Test
  void classesFormNoCircles() throws IOException {
    assertThat(Dependencies.ofClasses(CLASSES).circles())
        .as("a sealed class and what it permits name each other")
        .containsExactly(
            List.of(StoreFullException.class.getName(), StoreUnavailableException.class.getName()));
  }

  @Test
  void circlesAreFound() {
    Dependencies some =
        new Dependencies(
            Map.of("a", Set.of("b"), "b", Set.of("c"), "c", Set.of("b"), "d", Set.of("a")));

    assertThat(some.circles()).containsExactly(List.of("b", "c"));
  }
}
