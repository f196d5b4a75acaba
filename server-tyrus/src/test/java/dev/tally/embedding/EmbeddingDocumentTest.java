package dev.tally.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the documentation shows as Java is cut from sources that are compiled and run. */
class EmbeddingDocumentTest {

  private static final Pattern JAVA = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Path EXAMPLES = Path.of("src/test/java/dev/tally/embedding");

  @ParameterizedTest
  @ValueSource(strings = {"../docs/EMBEDDING.md", "../README.md"})
  void everyExampleIsCutFromASourceThatRuns(String page) throws IOException {
    List<String> sources;
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      sources = files.map(EmbeddingDocumentTest::folded).toList();
    }
    List<String> examples =
        JAVA.matcher(Files.readString(Path.of(page))).results().map(found -> fold(found)).toList();
    assertThat(examples).isNotEmpty();
    assertThat(examples)
        .allSatisfy(example -> assertThat(sources).anyMatch(source -> source.contains(example)));
  }

  private static String folded(Path file) {
    try {
      return fold(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String fold(MatchResult found) {
    return fold(found.group(1));
  }

  private static String fold(String code) {
    return code.replaceAll("\\s+", " ").strip();
  }
}
