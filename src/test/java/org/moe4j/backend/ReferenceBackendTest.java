package org.moe4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Storage;

/** The reference itself, against sums done by hand and against brute force. */
class ReferenceBackendTest {
    private final Backend on = new ReferenceBackend();

    @Test
    void gemmByHand() {
        Storage a = storage(1, 2, 3, 4, 5, 6);   // (2,3), or its transpose's (3,2)
        Storage b = storage(7, 8, 9, 10, 11, 12);
        Storage c = on.allocate(4);
        on.gemm(false, false, 2, 2, 3, a, b, c, false);
        assertValues(c, 58, 64, 139, 154);   // 1·7 + 2·9 + 3·11, ..
        on.gemm(true, false, 2, 2, 3, a, b, c, false);
        assertValues(c, 89, 98, 116, 128);   // 1·7 + 3·9 + 5·11, ..
        on.gemm(false, true, 2, 2, 3, a, b, c, true);
        assertValues(c, 89 + 50, 98 + 68, 116 + 122, 128 + 167);   // adds 1·7 + 2·8 + 3·9, ..
    }

    @Test
    void crossEntropyByHand() {
        Storage loss = on.allocate(3);
        Storage lse = on.allocate(3);
        on.crossEntropy(storage(0, 0, 0, 0, Math.log(3), 0, 5, 5, 5), 3, 3, IntStorage.of(2, 1, -1), 0, loss, lse);
        assertValues(loss, Math.log(3), Math.log(5) - Math.log(3), 0);
        on.crossEntropy(storage(0, Math.log(3)), 1, 2, IntStorage.of(1), 0.1, loss.slice(0, 1), lse.slice(0, 1));
        assertThat(loss.get(0)).isCloseTo(0.9 * (Math.log(4) - Math.log(3)) + 0.1 * (Math.log(4) - Math.log(3) / 2), within(1e-15));
    }

    @Test
    void minusInfinityMasksALogit() {
        Storage y = on.allocate(3);
        on.softmax(storage(1, Double.NEGATIVE_INFINITY, 1), 1, 3, y);
        assertValues(y, 0.5, 0, 0.5);
        Storage loss = on.allocate(1);
        on.crossEntropy(storage(1, Double.NEGATIVE_INFINITY, 1), 1, 3, IntStorage.of(0), 0, loss, on.allocate(1));
        assertValues(loss, Math.log(2));
    }

    @Test
    void layerNormByHand() {
        Storage y = on.allocate(2);
        Storage mean = on.allocate(1);
        Storage rstd = on.allocate(1);
        on.layerNorm(storage(1, 5), storage(2, 3), storage(0, 10), 0, 1, 2, y, mean, rstd);   // mean 3, deviation 2
        assertValues(y, -2, 13);
        assertValues(mean, 3);
        assertValues(rstd, 0.5);
    }

    @Test
    void topKTakesTheLowerColumnAtATie() {
        Storage values = on.allocate(4);
        int[] columns = new int[4];
        on.topK(storage(2, 7, 1, 7, 2), 1, 5, 4, values, IntStorage.of(columns));
        assertValues(values, 7, 7, 2, 2);
        assertThat(columns).containsExactly(1, 3, 0, 4);
    }

    @Test
    void attentionOfTwoPositionsByHand() {
        Storage y = on.allocate(2);
        Storage lse = on.allocate(2);
        on.attention(new AttentionShape(1, 2, 1, 1, 1, 2), storage(1, 1), storage(0, Math.log(3) / 2), storage(10, 20), null, y, lse);
        assertValues(y, 10, 10 / 4.0 + 20 * 3 / 4.0);   // the first sees itself only; scores 0 and log 3 for the second
        assertValues(lse, 0, Math.log(4));
    }

    /** One query at position 1 of two, three keys: distances -1, 0, 1 stand in columns 0 to 2 for it, 1 to 3 for the query before. */
    @Test
    void biasAndCapOfScoresByHand() {
        Storage y = on.allocate(2);
        Storage lse = on.allocate(2);
        double cap = 0.5;
        AttentionShape shape = new AttentionShape(1, 2, 3, 1, 1, 1, 1, false, cap);
        on.attention(shape, storage(0, 2), storage(0, 1, 0), storage(10, 20, 40), storage(Math.log(5), 0, Math.log(2), Math.log(3)), y, lse);
        double bent = Math.exp(cap * Math.tanh(2 / cap));
        assertValues(y, (10 + 20 * 2 + 40 * 3) / 6.0, (10 * 5 + 20 * bent + 40 * 2) / (5 + bent + 2));
        assertValues(lse, Math.log(6), Math.log(5 + bent + 2));
    }

    @Test
    void rotaryTurnsPairsByTheirPosition() {
        Storage y = on.allocate(8);
        on.rotary(1, 2, 1, 4, 100, 5, false, storage(1, 1, 0, 0, 1, 1, 0, 0), y, false);
        double slow = 0.1;   // 100^(-2/4)
        assertValues(y, Math.cos(5), Math.cos(5 * slow), Math.sin(5), Math.sin(5 * slow), Math.cos(6), Math.cos(6 * slow), Math.sin(6), Math.sin(6 * slow));
    }

    @Test
    void firstAdamStepIsTheRate() {
        Storage p = storage(1, 1);
        AdamStep first = new AdamStep(0.1 / (1 - 0.9), 0.9, 0.999, 0, 1 / Math.sqrt(1 - 0.999), 0.99, 0);
        on.adam(first, p, storage(5, -0.01), on.allocate(2), on.allocate(2));
        assertThat(p.get(0)).isCloseTo(0.99 - 0.1, within(1e-12));
        assertThat(p.get(1)).isCloseTo(0.99 + 0.1, within(1e-12));
    }

    @Test
    void indicesBeyondASliceAreErrors() {
        Storage x = on.allocate(10).slice(2, 4);
        assertThatThrownBy(() -> x.get(4)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> x.set(-1, 0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> x.slice(1, 4)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    private Storage storage(double... values) {
        Storage x = on.allocate(values.length);
        x.write(0, values);
        return x;
    }

    private static void assertValues(Storage x, double... expected) {
        assertThat(IntStream.range(0, (int) x.size()).mapToDouble(x::get).toArray()).containsExactly(expected, within(1e-14));
    }
}
