package org.moe4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import org.junit.jupiter.api.Test;

/** Without --add-modules=jdk.incubator.vector. */
class NoVectorModuleTest {
    @Test
    void autoFallsBackToTheReferenceWithOneWarning() throws Exception {
        String printed = ChildJvm.run(List.of(), OpenBackend.class, "auto");
        assertThat(printed).contains("opened reference");
        assertThat(printed.lines().filter(line -> line.startsWith("WARNING"))).singleElement().asString()
                .contains("reference").contains("--add-modules=jdk.incubator.vector");
    }

    /** A command opens it to find out whether there is such a device, and how much memory it has, before it computes on it. */
    @Test
    void aCommandThatOpensItThreeTimesWarnsOnce() throws Exception {
        String printed = ChildJvm.run(List.of(), OpenThrice.class, "auto");
        assertThat(printed.lines().filter(line -> line.startsWith("WARNING"))).hasSize(1);
    }

    static final class OpenThrice {
        public static void main(String[] arguments) {
            for (int i = 0; i < 3; i++) {
                Backends.open(arguments[0], 1).close();
            }
        }
    }

    @Test
    void simdSaysWhatToAdd() throws Exception {
        assertThat(ChildJvm.run(List.of(), OpenBackend.class, "simd").lines()).singleElement().asString()
                .startsWith("refused: ").contains("--add-modules=jdk.incubator.vector").doesNotContain("Exception");
    }

    @Test
    void noClassOfTheSimdBackEndIsLoaded() throws Exception {
        String printed = ChildJvm.run(List.of("-Xlog:class+load"), OpenBackend.class, "auto");
        assertThat(printed.lines().filter(line -> line.contains("[class,load]")))
                .anyMatch(line -> line.contains("org.moe4j.backend.reference.ReferenceBackend"))
                .noneMatch(line -> line.contains("org.moe4j.backend.simd") || line.contains("jdk.incubator"));
    }
}
