package dev.tally.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The rules of docs/DESIGN.md on what may know what, in all modules. */
class ArchitectureTest {

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("dev.tally");

  @Test
  void packagesDependOnEachOtherOneWay() {
    slices().matching("dev.tally.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void classesDependOnEachOtherOneWay() {
    slices().assignedFrom(TOP_LEVEL).should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void theCoreKnowsTheJdkAlone() {
    noClasses()
        .that()
        .resideInAPackage("dev.tally.chat..")
        .should()
        .dependOnClassesThat()
        .resideOutsideOfPackages("dev.tally.chat..", "java..", "org.jspecify..")
        .check(CLASSES);
  }

  @Test
  void onlyTheGlueTouchesGrizzlyAndTyrus() {
    noClasses()
        .that()
        .resideOutsideOfPackages("dev.tally.server.grizzly..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.glassfish..")
        .check(CLASSES);
  }

  @Test
  void eachLibraryIsKnownInItsPlacesOnly() {
    checkThatOnly("redis.clients..", "dev.tally.session.redis..");
    // Launcher makes the registry that the chat's and the process's metrics share.
    checkThatOnly("io.prometheus..", "dev.tally.metrics", "dev.tally.server");
    checkThatOnly(
        "jakarta..",
        "dev.tally.server",
        "dev.tally.server.grizzly..",
        "dev.tally.server.jakarta..");
  }

  private static void checkThatOnly(String library, String... places) {
    noClasses()
        .that()
        .resideOutsideOfPackages(places)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library)
        .check(CLASSES);
  }

  @Test
  void adaptersDoNotKnowEachOther() {
    noClasses()
        .that()
        .resideInAPackage("dev.tally.session.redis..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.tally.metrics..", "dev.tally.server..", "io.prometheus..")
        .check(CLASSES);
    noClasses()
        .that()
        .resideInAPackage("dev.tally.metrics..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.tally.session..", "dev.tally.server..", "redis.clients..")
        .check(CLASSES);
  }

  @Test
  void httpOfTheAdminPortKnowsTheJdkAlone() {
    noClasses()
        .that()
        .resideInAPackage("dev.tally.metrics.http..")
        .should()
        .dependOnClassesThat()
        .resideOutsideOfPackages("dev.tally.metrics.http..", "java..", "org.jspecify..")
        .check(CLASSES);
  }

  @Test
  void eachPackageOfTheCoreKnowsOnlyThoseBelowIt() {
    checkThatItKnowsOnly("dev.tally.chat.protocol");
    checkThatItKnowsOnly("dev.tally.chat.spi", "dev.tally.chat.protocol");
    checkThatItKnowsOnly("dev.tally.chat.store", "dev.tally.chat.spi");
  }

  private static void checkThatItKnowsOnly(String name, String... below) {
    Stream<String> allowed = Stream.of(name, "java..", "org.jspecify..");
    noClasses()
        .that()
        .resideInAPackage(name)
        .should()
        .dependOnClassesThat()
        .resideOutsideOfPackages(Stream.concat(allowed, Stream.of(below)).toArray(String[]::new))
        .check(CLASSES);
  }

  /** Nested classes are a part of the class that encloses them. */
  private static final SliceAssignment TOP_LEVEL =
      new SliceAssignment() {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass each) {
          JavaClass outer = each;
          while (outer.getEnclosingClass().isPresent()) {
            outer = outer.getEnclosingClass().get();
          }
          return SliceIdentifier.of(outer.getFullName());
        }

        @Override
        public String getDescription() {
          return "top-level classes";
        }
      };
}
