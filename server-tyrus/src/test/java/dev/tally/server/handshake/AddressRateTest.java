package dev.tally.server.handshake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tally.server.handshake.AddressRate.Charge;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressRateTest {

  private static final String ALICE = "192.0.2.1";
  private static final String BOB = "192.0.2.2";

  private final AtomicLong nanos = new AtomicLong();

  private AddressRate rate(int perMinute) {
    return new AddressRate(perMinute, nanos::get);
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  private static int takes(AddressRate rate, String address) {
    return (int) IntStream.range(0, 10_000).filter(i -> rate.take(address).isTaken()).count();
  }

  @Test
  void givesTheTokensOfAMinuteAtOnceAndThenAsTheyComeIn() {
    AddressRate rate = rate(6);

    assertThat(takes(rate, ALICE)).isEqualTo(6);
    pass(Duration.ofSeconds(10));
    assertThat(takes(rate, ALICE)).isEqualTo(1);
    pass(Duration.ofSeconds(25));
    assertThat(takes(rate, ALICE)).isEqualTo(2);
    pass(Duration.ofHours(5));
    assertThat(takes(rate, ALICE)).isEqualTo(6);
  }

  @ParameterizedTest
  @CsvSource({"6, 0, 10", "6, 9000, 1", "6, 9001, 1", "6, 8999, 2", "1, 1, 60", "600, 0, 1"})
  void saysHowManySecondsToWaitAndThatIsEnough(int perMinute, int millisLater, int seconds) {
    AddressRate rate = rate(perMinute);
    takes(rate, ALICE);
    pass(Duration.ofMillis(millisLater));

    Charge refused = rate.take(ALICE);

    assertThat(refused.isTaken()).isFalse();
    assertThat(refused.retryAfterSeconds()).isEqualTo(seconds);
    pass(Duration.ofSeconds(seconds));
    assertThat(rate.take(ALICE).isTaken()).isTrue();
  }

  @Test
  void countsEachAddressByItself() {
    AddressRate rate = rate(3);

    takes(rate, ALICE);

    assertThat(takes(rate, BOB)).isEqualTo(3);
  }

  @ParameterizedTest
  @CsvSource({
    "2001:db8::1, 2001:db8:0:0:ffff:ffff:ffff:ffff, 0",
    "2001:db8::1, 2001:db8:0:1::1, 3",
    "192.0.2.1, ::ffff:192.0.2.1, 0",
    "fe80::1%lo, fe80::2%lo, 0"
  })
  void takesANetworkOfIpv6ForOneAddress(String first, String second, int left) {
    AddressRate rate = rate(3);

    takes(rate, first);

    assertThat(takes(rate, second)).isEqualTo(left);
  }

  @Test
  void hasNoLimitAtZero() {
    assertThat(takes(rate(0), ALICE)).isEqualTo(10_000);
  }

  @Test
  void takesBackWhatWasNotUsed() {
    AddressRate rate = rate(6);

    for (int i = 0; i < 100; i++) {
      Charge charge = rate.take(ALICE);
      assertThat(charge.isTaken()).isTrue();
      charge.giveBack();
    }

    assertThat(takes(rate, ALICE)).isEqualTo(6);
  }

  /** A client could otherwise save tokens up: those that it holds while time fills the bucket. */
  @Test
  void givesNoMoreThanABurstAtOnceHoweverLateTokensComeBack() {
    AddressRate rate = rate(6);
    List<Charge> held = Stream.generate(() -> rate.take(ALICE)).limit(6).toList();
    assertThat(held).allMatch(Charge::isTaken);
    pass(Duration.ofMinutes(1));

    assertThat(takes(rate, ALICE)).isEqualTo(6);
    held.forEach(Charge::giveBack);

    assertThat(takes(rate, ALICE)).isZero();
  }

  @Test
  void isExactWithManyThreads() throws Exception {
    AddressRate rate = rate(1000);
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      Callable<Integer> taking = () -> takes(rate, ALICE);
      int taken = 0;
      for (var result : threads.invokeAll(Collections.nCopies(8, taking))) {
        taken += result.get();
      }
      assertThat(taken).isEqualTo(1000);
    } finally {
      threads.shutdownNow();
    }
  }

  /** A /44 is a million networks: whoever has one must not forget his own count in it. */
  @Test
  void aMillionAddressesNeitherWidenALimitNorNarrowOneNorTakeMemory() {
    AddressRate rate = rate(60);
    takes(rate, ALICE);
    System.gc();
    long before = heap();

    for (int i = 0; i < 1_000_000; i++) {
      rate.take("2001:db" + (i >> 16) + ":" + Integer.toHexString(i & 0xffff) + "::1");
    }

    System.gc();
    assertThat(heap() - before).as("bytes of heap").isLessThan(16L << 20);
    assertThat(rate.take(ALICE).isTaken()).isFalse();
    long served = IntStream.range(0, 1000).filter(i -> rate.take("10.0.3." + i).isTaken()).count();
    assertThat(served).as("others that are served, of 1000").isEqualTo(1000);
  }

  private static long heap() {
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  /** Each of 3,000 addresses is at its limit. */
  @Test
  void thousandsAtTheirLimitHarmNobodyElse() {
    AddressRate rate = rate(2);
    for (int i = 0; i < 3000; i++) {
      String address = "198.51." + (i >> 8) + "." + (i & 255);
      rate.take(address);
      rate.take(address);
    }

    long served = IntStream.range(0, 1000).filter(i -> rate.take("10.1.3." + i).isTaken()).count();

    // Four other addresses in the same cells: 5 in a million.
    assertThat(served).isGreaterThanOrEqualTo(998);
  }
}
