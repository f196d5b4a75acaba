package dev.tally.server.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClientReportTest {

  @ParameterizedTest
  @CsvSource({
    "every line is counted once,2,2,0,0,,true",
    "one was not counted,2,1,0,0,gave up,false",
    "the client gave up with nothing to send,0,0,0,0,gave up,false",
    "the server lost a count that it had acknowledged,2,2,1,0,,false",
    "the server counted a line twice,2,2,0,1,,false",
  })
  void isCleanIfEveryLineWasCountedOnceAndTheServerKeptEveryCount(
      String what, long sent, long counted, long lost, long twice, String failure, boolean clean) {
    ClientReport outcome =
        new ClientReport(
            sent, counted, lost, twice, 1, 0, Optional.empty(), Optional.ofNullable(failure));

    assertThat(outcome.isClean()).as(what).isEqualTo(clean);
  }
}
