package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class LawTest {
    @RegisterExtension
    private final Console console = new Console();

    @Test
    void answersForABudget() {
        assertThat(Law.run("--flops", "1e20", "--expansion", "64")).isZero();
        assertThat(console.printed.toString()).contains("G = 16, active parameters 712 M of 30.6 B, tokens 20.8 B, 2.560 nats/token", "21.3 times", "\n> 16 ");
    }

    @Test
    void aDenseModelHasOneLineAndNoRouter() {
        assertThat(Law.run("--flops", "1e20", "--expansion", "1")).isZero();
        assertThat(console.printed.toString()).endsWith("0 %" + System.lineSeparator()).doesNotContain("G =", "times the FLOPs");
    }

    @Test
    void withoutABudgetItPrintsThePapersTables() {
        assertThat(Law.run()).isZero();
        assertThat(console.printed.toString()).contains("Table 2", "Table 6", "Table 9", "75.7 %").doesNotContain("NO", "NaN");
        assertThat(console.printed.toString().lines().filter(line -> line.endsWith("yes"))).hasSize(14);
    }

    @Test
    void mistakesAreOneSentenceAndExitCodeTwo() {
        assertMistake("expansion is 32", "--flops", "1e20", "--expansion", "32");
        assertMistake("--flops is 3.0, want 1e15 to 1e30", "--flops", "3");
        assertMistake("--flops is NaN", "--flops", "NaN");
        assertMistake("--expansion wants a budget", "--expansion", "16");
        assertMistake("did you mean '--flops'", "--flop", "1e20");
    }

    private void assertMistake(String part, String... args) {
        console.complaint.reset();
        assertThat(Law.run(args)).isEqualTo(2);
        assertThat(console.complaint.toString().strip().lines()).singleElement().asString().contains(part);
    }
}
