package dev.tally.server;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.jar.Attributes;
import java.util.jar.Manifest;

/**
 * What was built, as the jar's manifest says.
 *
 * @param version the release; {@code development} outside a jar
 * @param revision the commit; {@code unknown} outside a jar
 */
record BuildInfo(String version, String revision) {

  static BuildInfo read() {
    Attributes attributes = new Attributes();
    try (InputStream stream = BuildInfo.class.getResourceAsStream("/META-INF/MANIFEST.MF")) {
      if (stream != null) {
        attributes = new Manifest(stream).getMainAttributes();
      }
    } catch (IOException e) {
      // A server that does not know its version still serves.
    }
    boolean ours = "Tally".equals(attributes.getValue("Implementation-Title"));
    return ours
        ? new BuildInfo(
            value(attributes, "Implementation-Version", "development"),
            value(attributes, "Implementation-Revision", "unknown"))
        : new BuildInfo("development", "unknown");
  }

  private static String value(Attributes attributes, String name, String otherwise) {
    return Optional.ofNullable(attributes.getValue(name)).orElse(otherwise);
  }
}
