package org.moe4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

/** Each package uses only those before it, and the incubator module stays in one, as does JCuda. */
class ArchitectureTest {
    private static final List<String> ORDER = List.of("tensor", "io", "backend", "autodiff", "nn", "experts", "model", "cost", "data", "interchange",
            "train", "surgery", "sweep", "analysis", "panel", "report", "golden", "notebook", "cli");
    private static final Path SOURCES = Path.of("src/main/java/org/moe4j");
    private static final Pattern COMMENT = Pattern.compile("/\\*.*?\\*/|//[^\n]*", Pattern.DOTALL);
    private static final Pattern USE = Pattern.compile("org\\.moe4j\\.(\\w+)(?:\\.([a-z]\\w*))?");

    @Test
    void packagesUseOnlyThoseBeforeThem() throws IOException {
        List<String> wrong = new ArrayList<>();
        for (Path file : files()) {
            Path where = SOURCES.relativize(file);
            String own = where.getName(0).toString();
            assertThat(ORDER).as("the package of %s has a place in the order", where).contains(own);
            for (Matcher use = USE.matcher(code(file)); use.find();) {
                boolean later = ORDER.indexOf(use.group(1)) > ORDER.indexOf(own);
                boolean betweenBackends = own.equals("backend") && where.getNameCount() == 3 && use.group(1).equals("backend")
                        && use.group(2) != null && !use.group(2).equals(where.getName(1).toString());
                if (later || betweenBackends || !ORDER.contains(use.group(1))) {
                    wrong.add(where + " uses " + use.group());
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void onlyTheSimdBackEndKnowsTheIncubatorModule() throws IOException {
        for (Path file : files()) {
            if (!file.startsWith(SOURCES.resolve("backend/simd"))) {
                assertThat(code(file)).as("%s", file).doesNotContain("import jdk.incubator", "import static jdk.incubator");
            }
        }
    }

    @Test
    void onlyTheCudaBackEndKnowsJCuda() throws IOException {
        for (Path file : files()) {
            if (!file.startsWith(SOURCES.resolve("backend/cuda"))) {
                assertThat(code(file)).as("%s", file).doesNotContainPattern("\\bjcuda\\.");
            }
        }
    }

    private static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            List<Path> java = files.filter(f -> f.toString().endsWith(".java") && !f.getParent().equals(SOURCES)).toList();
            assertThat(java).hasSizeGreaterThan(50);
            return java;
        }
    }

    private static String code(Path file) throws IOException {
        return COMMENT.matcher(Files.readString(file)).replaceAll("");
    }
}
