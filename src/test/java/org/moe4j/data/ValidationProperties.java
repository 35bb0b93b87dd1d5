package org.moe4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.io.InputException;

class ValidationProperties {
    private static final TokenSet DIGITS = BatchesTest.set("0123456789".repeat(30), "abcdefghij".repeat(10));

    @Property(tries = 200)
    void sharesFillWhatIsAskedFor(@ForAll @IntRange(min = 1, max = 400) int tokens, @ForAll @IntRange(min = 1, max = 12) int time,
                                  @ForAll @IntRange(min = 1, max = 9) int batch) {
        if (tokens < time) return;
        Validation validation;
        try {
            validation = Validation.of(DIGITS, tokens, batch, time);
        } catch (InputException tooMany) {
            assertThat(tokens / time).isGreaterThan(300 / time + 100 / time);
            return;
        }
        assertThat(validation.tokens()).isEqualTo((long) tokens / time * time);
        assertThat(validation.batches().stream().mapToInt(b -> b.targets().length).sum()).isEqualTo((int) validation.tokens());
        int[] sequences = new int[2];
        validation.batches().forEach(b -> Arrays.stream(b.domains()).forEach(d -> sequences[d]++));
        int share = tokens / time * (300 / time) / (300 / time + 100 / time);
        assertThat(sequences[0]).isBetween(share, share + 1);
    }
}
