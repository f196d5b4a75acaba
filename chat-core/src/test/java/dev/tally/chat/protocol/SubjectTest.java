package dev.tally.chat.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tally.chat.spi.Commit;
import dev.tally.chat.spi.Lease;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Whose session is whose, and what of a subject can be seen. */
class SubjectTest {

  private static final SessionId ID = SessionId.parse("123e4567-e89b-42d3-a456-426614174000");

  @Test
  void sessionBelongsToTheSubjectThatOpenedIt() {
    SessionId key = ID.ownedBy(new Subject("alice"));

    assertThat(key).isEqualTo(ID.ownedBy(new Subject("alice")));
    assertThat(key).isNotEqualTo(ID.ownedBy(new Subject("Alice")));
    assertThat(key).isNotEqualTo(SessionId.random().ownedBy(new Subject("alice")));
    assertThat(key.ownedBy(new Subject("alice"))).isNotEqualTo(key).isNotEqualTo(ID);
  }

  @Test
  void keyIsTheDocumentedHashAndAUuidOfVersion8() {
    assertThat(ID.ownedBy(new Subject("alice")).text())
        .isEqualTo("5e8a7b46-a61b-8b17-a2d3-725e84057509");
    assertThat(ID.ownedBy(new Subject("b\u00f6b@example.com")).text())
        .isEqualTo("96061d51-6eb0-8793-9e49-033bd8024257");
    for (int i = 0; i < 1000; i++) {
      UUID key = SessionId.random().ownedBy(new Subject("alice")).value();
      assertThat(key.version()).isEqualTo(8);
      assertThat(key.variant()).isEqualTo(2);
      assertThat(SessionId.parse(key.toString()).value()).isEqualTo(key);
    }
  }

  @Test
  void noTwoPairsOfSubjectAndIdShareAKey() {
    // Bytes could move from the end of the one to the start of the other if lengths were not fixed.
    Set<SessionId> keys = new HashSet<>();
    int pairs = 0;
    for (String subject : List.of("a", "aa", "aaa", "a\u0000", "\u0000a", "\u0000", " a", "a ")) {
      for (String id : List.of("61", "6161", "616161", "6100", "610061")) {
        UUID padded =
            UUID.fromString("123e4567-e89b-42d3-a456-" + "0".repeat(12 - id.length()) + id);
        keys.add(new SessionId(padded).ownedBy(new Subject(subject)));
        pairs++;
      }
    }

    assertThat(keys).hasSize(pairs);
  }

  @Test
  void subjectWithoutAFormInUtf8IsRefused() {
    // An encoder that replaces them would give both the bytes of "?".
    for (String broken : List.of("\ud800", "a\udc00", "\udc00\ud800", "")) {
      assertThatThrownBy(() -> new Subject(broken))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("a subject must");
    }
    assertThat(new Subject("\ud83d\ude80").value()).isEqualTo("\ud83d\ude80");
  }

  @Test
  void subjectNeverShowsInAString() {
    Subject subject = new Subject("alice@example.com");
    Lease lease = new Lease(ID, 1, 0, false, Optional.empty());
    Commit commit = new Commit(lease, 0, false, List.of(), Optional.of(subject));

    assertThat(subject.hash()).isEqualTo("ff8d9819fc0e");
    assertThat(subject).hasToString("Subject[ff8d9819fc0e]");
    assertThat(commit.toString()).contains("ff8d9819fc0e").doesNotContain("alice");
  }
}
