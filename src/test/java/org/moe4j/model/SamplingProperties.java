package org.moe4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.DoubleStream;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.moe4j.io.InputException;

class SamplingProperties {
    private static final double[] LOGITS = DoubleStream.of(0.1, 0.2, 0.05, 0.5, 0.15).map(Math::log).toArray();

    @Property
    void withoutTemperatureTheLikeliestTokenIsTaken(@ForAll @Size(min = 1, max = 9) double @DoubleRange(min = -50, max = 50) [] logits, @ForAll long place) {
        int next = Sampling.GREEDY.next(logits, place);
        assertThat(logits[next]).isEqualTo(DoubleStream.of(logits).max().orElseThrow());
        for (int before = 0; before < next; before++) {
            assertThat(logits[before]).as("the first of equally likely tokens").isLessThan(logits[next]);
        }
    }

    @Example
    void drawsAsOftenAsTheProbabilitiesSay() {
        assertShares(new Sampling(1, 1, 5), 0.1, 0.2, 0.05, 0.5, 0.15);
        assertShares(new Sampling(0.5, 1, 5), 0.01 / 0.325, 0.04 / 0.325, 0.0025 / 0.325, 0.25 / 0.325, 0.0225 / 0.325);   // squares
        assertShares(new Sampling(1, 0.65, 5), 0, 0.2 / 0.7, 0, 0.5 / 0.7, 0);      // the likeliest two have 0.7, one alone too little
        assertShares(new Sampling(1, 0.5, 5), 0, 0, 0, 1, 0);
        assertShares(new Sampling(1e-9, 1, 5), 0, 0, 0, 1, 0);
    }

    @Example
    void theSameSeedDrawsTheSame() {
        Sampling one = new Sampling(1, 1, 1);
        Sampling two = new Sampling(1, 1, 2);
        int different = 0;
        for (int place = 0; place < 50; place++) {
            assertThat(one.next(LOGITS, place)).isEqualTo(new Sampling(1, 1, 1).next(LOGITS, place));
            different += one.next(LOGITS, place) == two.next(LOGITS, place) ? 0 : 1;
        }
        assertThat(different).isPositive();
    }

    @Example
    void refusesWhatIsNoProbability() {
        assertThatThrownBy(() -> new Sampling(-1, 1, 0)).isInstanceOf(InputException.class).hasMessageContaining("temperature is -1.0");
        assertThatThrownBy(() -> new Sampling(Double.NaN, 1, 0)).isInstanceOf(InputException.class);
        assertThatThrownBy(() -> new Sampling(1, 0, 0)).isInstanceOf(InputException.class).hasMessageContaining("topP is 0.0");
        assertThatThrownBy(() -> new Sampling(1, 1.1, 0)).isInstanceOf(InputException.class);
    }

    private static void assertShares(Sampling sampling, double... shares) {
        int draws = 20_000;
        int[] counts = new int[shares.length];
        for (int place = 0; place < draws; place++) {
            counts[sampling.next(LOGITS, place)]++;
        }
        for (int token = 0; token < shares.length; token++) {
            assertThat((double) counts[token] / draws).as("token %d", token).isCloseTo(shares[token], within(shares[token] == 0 || shares[token] == 1 ? 0 : 0.015));
        }
    }
}
