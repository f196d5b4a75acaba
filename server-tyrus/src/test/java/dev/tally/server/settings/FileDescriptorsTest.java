package dev.tally.server.settings;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileDescriptorsTest {

  /** What a server without connections has open. */
  private static final int OWN = 64;

  private static final int SPARE = 128;

  @ParameterizedTest
  @ValueSource(longs = {256, 300, 1000, 1024, 20_000, 1_048_576, Long.MAX_VALUE})
  void leavesRoomForTheSpareSocketsAndTheServersOwn(long descriptors) {
    long limit = FileDescriptors.connectionLimit(descriptors, SPARE);

    assertThat(limit).isPositive();
    assertThat(limit + SPARE).isLessThanOrEqualTo(descriptors - OWN);
  }

  @Test
  void saysWhetherThereAreEnough() {
    assertThat(FileDescriptors.suffice(FileDescriptors.connectionLimit(SPARE), SPARE)).isTrue();
    assertThat(FileDescriptors.suffice(Integer.MAX_VALUE, SPARE)).isFalse();
  }
}
