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
