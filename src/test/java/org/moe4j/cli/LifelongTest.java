package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class LifelongTest {
    @RegisterExtension
    private final Console console = new Console();

    @TempDir
    Path folder;

    private String text(String name, String words) throws IOException {
        return Files.writeString(folder.resolve(name), words.repeat(120)).toString();
    }

    /** With its own experts alone, B takes nothing from A. */
    @Test
    void whatOneDomainForgetsForAnotherIsATable() throws IOException {
        String a = text("a.txt", "the cat sat on the mat and the dog lay by the fire, dreaming of a cat. ");
        String b = text("b.txt", "for (int i = 0; i < n; i++) { sum += x[i] * y[i]; count++; } return sum / count; ");
        assertThat(Lifelong.run("--text", a + "," + b, "--steps", "1", "--seeds", "1", "--vocabulary", "257", "--threads", "1")).as(console.complaint::toString).isZero();
        List<String> lines = console.printed.toString().lines().toList();
        assertThat(lines.getFirst()).startsWith("A is a, B is b; 1 steps of 1,024 tokens on each, 1 seeds.");
        assertThat(lines.subList(2, 8)).extracting(line -> line.split("\\s{2,}")[0])
            .containsExactly("layers", "dense", "learned", "hashed", "random", "random, B's experts only");
        assertThat(lines.get(7)).contains(" 0.000 ");
        assertThat(console.complaint.toString()).contains("dense, A and B together, seed 1 ...", "hashed, B after A, seed 1 ...", "random, B's experts only, B after A, seed 1 ...");
    }

    @Test
    void optionsAreCheckedBeforeAnythingIsSaid() throws IOException {
        String[] texts = {"--text", text("a.txt", "the cat sat on the mat. "), "--text", text("b.txt", "for (int i = 0; i < n; i++) sum += i; "), "--vocabulary", "257"};
        refused("--steps is 0, it has to be at least 1", texts, "--steps", "0");
        refused("--seeds is 0, it has to be at least 1", texts, "--seeds", "0");
        refused("'1,2' is not a whole number", texts, "--seeds", "1,2");
        refused("did you mean 'simd'?", texts, "--device", "simt");
        refused("has only 0 in whole sequences of 64; more text would do", new String[] {"--text", text("short.txt", "a"), "--text", texts[3]}, "--vocabulary", "257");
    }

    private void refused(String sentence, String[] texts, String... options) {
        console.complaint.reset();
        assertThat(Lifelong.run(Stream.of(texts, options).flatMap(Stream::of).toArray(String[]::new))).isEqualTo(2);
        assertThat(console.complaint.toString()).contains(sentence).hasLineCount(1);
        assertThat(console.printed.toString()).isEmpty();
    }

    @Test
    void aTextOfOneDomainIsRefused() throws IOException {
        assertThat(Lifelong.run("--text", text("a.txt", "the cat sat on the mat. "))).isEqualTo(2);
        assertThat(console.complaint.toString().strip()).isEqualTo("the text has one domain, a; want two files or folders, a domain each");
    }
}
