package org.moe4j.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.moe4j.backend.Backend;

/**
 * Every reference case on every back end: the copies beside the tests, those of our own making, and whatever else the folder of -Dgolden.dir
 * holds. A case that is not covered shows as skipped with its reason.
 */
class GoldenTest {
    private static final Path COPIES = Path.of("src/test/resources/golden");
    private static final Path OWN = Path.of("src/test/resources/golden-own");

    @TestFactory
    Stream<DynamicTest> onTheReference() {
        return tests("reference");
    }

    @TestFactory
    Stream<DynamicTest> onSimd() {
        return tests("simd");
    }

    private static Stream<DynamicTest> tests(String device) {
        List<DynamicTest> tests = new ArrayList<>();
        Backend[] on = GoldenFolder.devices(device);
        for (GoldenFolder folder : List.of(new GoldenFolder(COPIES), new GoldenFolder(OWN))) {
            folder.files().forEach(file -> tests.add(test(folder, file, on)));
        }
        Path other = Path.of(System.getProperty("golden.dir", "../shared/golden"));
        if (Files.isDirectory(other)) {
            GoldenFolder folder = new GoldenFolder(other);
            folder.files().stream().filter(file -> !isCopied(other, file)).forEach(file -> tests.add(test(folder, file, on)));
        }
        return tests.stream().onClose(() -> List.of(on).forEach(Backend::close));
    }

    private static DynamicTest test(GoldenFolder folder, Path file, Backend[] on) {
        return dynamicTest(file.getParent().getFileName() + "/" + file.getFileName(), file.toUri(), () -> {
            CaseResult result = folder.verifyFile(file, on);
            Assumptions.assumeFalse(result.outcome() == Outcome.NOT_COVERED, result::toString);
            assertThat(result.outcome()).as(result.reason()).isEqualTo(Outcome.PASSED);
        });
    }

    private static boolean isCopied(Path folder, Path file) {
        try {
            Path copy = COPIES.resolve(folder.relativize(file).toString());
            return Files.exists(copy) && Files.mismatch(copy, file) < 0;
        } catch (IOException unreadable) {
            return false;
        }
    }
}
